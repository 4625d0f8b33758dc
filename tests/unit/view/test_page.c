/* The page widget and the three builders, at every width they meet. */
#include "fixture.h"
#include "has.h"
#include "page.h"
#include "sockeye/base/text.h"
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* ---- The widget ---- */

/* 12 lines; 2, 3, 6, 9 can be walked; 6 begins section 1, 9 section 2. */
static void fill(struct page *p)
{
	page_clear(p);
	p->width = 20;
	for (uint64_t i = 0; i < 12; i++) {
		if (i == 6 || i == 9)
			page_section(p);
		page_line(p, ' ');
		page_spanf(p, 1, STYLE_PLAIN, "line %d", (int)i);
		if (i == 2 || i == 3 || i == 9)
			page_walk(p, (struct subject){SUBJECT_PORT, {.port = (uint32_t)i}}, 7, i);
		if (i == 6 && page_fold(p, 7, i, true))
			continue;
	}
}

static void walks(void **state)
{
	struct page p = {0};

	fill(&p);
	assert_int_equal(page_cursor_line(&p), 2);
	page_move(&p, MOVE_UP, 5);
	assert_int_equal(page_cursor_line(&p), 2);
	page_move(&p, MOVE_DOWN, 5);
	assert_int_equal(page_cursor_line(&p), 3);
	assert_int_equal(p.top, 0);
	page_move(&p, MOVE_DOWN, 5); /* 6 is two lines off: the text comes first */
	assert_int_equal(page_cursor_line(&p), 3);
	assert_int_equal(p.top, 1);
	page_move(&p, MOVE_DOWN, 5);
	assert_int_equal(page_cursor_line(&p), 6);
	assert_int_equal(p.top, 2);
	page_move(&p, MOVE_LAST, 5);
	assert_int_equal(page_cursor_line(&p), 9);
	assert_int_equal(p.top, 7);
	page_move(&p, MOVE_DOWN, 5);
	assert_int_equal(p.top, 7);
	page_move(&p, MOVE_FIRST, 5);
	assert_int_equal(page_cursor_line(&p), 2);
	assert_int_equal(p.top, 0);
	page_move(&p, MOVE_PAGE_DOWN, 5);
	assert_int_equal(p.top, 4);
	assert_int_equal(page_cursor_line(&p), 6);
	page_move(&p, MOVE_PAGE_DOWN, 5);
	page_move(&p, MOVE_PAGE_DOWN, 5);
	assert_int_equal(p.top, 7);
	assert_int_equal(page_cursor_line(&p), 9);
	page_move(&p, MOVE_PAGE_UP, 5);
	page_move(&p, MOVE_PAGE_UP, 5);
	page_move(&p, MOVE_PAGE_UP, 5);
	assert_int_equal(p.top, 0);
	assert_int_equal(page_cursor_line(&p), 2);
	/* Less than nothing to show them in. */
	page_move(&p, MOVE_DOWN, 0);
	page_move(&p, MOVE_HALF_DOWN, 1);
	page_move(&p, MOVE_HALF_UP, 1);
	page_done(&p);
}

static void sections(void **state)
{
	struct page p = {0};

	fill(&p);
	page_cursor_line(&p);
	page_next_section(&p, 1, 5);
	assert_int_equal(page_cursor_line(&p), 6);
	page_next_section(&p, 1, 5);
	assert_int_equal(page_cursor_line(&p), 9);
	page_next_section(&p, 1, 5);
	assert_int_equal(page_cursor_line(&p), 2);
	assert_int_equal(p.top, 0);
	page_next_section(&p, -1, 5);
	assert_int_equal(page_cursor_line(&p), 9);
	page_next_section(&p, -1, 5);
	page_next_section(&p, -1, 5);
	assert_int_equal(page_cursor_line(&p), 2); /* the section's first, not its last */
	page_done(&p);
}

static void cursor_is_an_identity(void **state)
{
	struct page p = {0};
	struct ident id;

	fill(&p);
	page_cursor_line(&p);
	page_move(&p, MOVE_DOWN, 12);
	id = p.cursor;
	page_clear(&p); /* a line more above it */
	page_line(&p, ' ');
	page_line(&p, ' ');
	page_walk(&p, (struct subject){0}, 7, 99);
	for (int i = 0; i < 3; i++)
		page_line(&p, ' ');
	page_walk(&p, (struct subject){0}, 7, 3);
	assert_int_equal(page_cursor_line(&p), 4);
	assert_int_equal(p.cursor.b, id.b);
	/* Gone: the nearest one. */
	page_clear(&p);
	page_line(&p, ' ');
	page_walk(&p, (struct subject){0}, 7, 99);
	page_line(&p, ' ');
	assert_int_equal(page_cursor_line(&p), 0);
	/* Nothing at all. */
	page_clear(&p);
	assert_int_equal(page_cursor_line(&p), NONE);
	page_line(&p, ' ');
	assert_int_equal(page_cursor_line(&p), NONE);
	page_move(&p, MOVE_DOWN, 5);
	page_next_section(&p, 1, 5);
	assert_false(page_click(&p, 0));
	assert_false(page_click(&p, 7));
	page_done(&p);
}

static void folds(void **state)
{
	struct page p = {0};

	fill(&p);
	assert_true(page_click(&p, 6));
	assert_true(p.lines.v[6].folded);
	page_move(&p, MOVE_LEFT, 12); /* folded already */
	fill(&p);
	assert_true(p.lines.v[6].folded);
	page_move(&p, MOVE_RIGHT, 12);
	fill(&p);
	assert_false(p.lines.v[6].folded);
	page_toggle(&p);
	fill(&p);
	assert_true(p.lines.v[6].folded);
	assert_int_equal(p.toggled.n, 0); /* back at the default: nothing to remember */
	page_done(&p);
}

static void cuts_at_the_width(void **state)
{
	struct page p = {.width = 10};
	struct canvas c;
	struct str s = {0};
	struct screen_env e = {0};

	page_line(&p, '!');
	page_span(&p, 1, STYLE_PLAIN, "abcdefghijklm");
	page_line(&p, 'C');
	page_span_right(&p, 9, STYLE_PLAIN, "12");
	page_span(&p, 99, STYLE_PLAIN, "far off");
	page_span(&p, -4, STYLE_PLAIN, "far off");
	page_line(&p, ' ');
	page_span(&p, 1, STYLE_PLAIN, "漢字漢字漢字");
	canvas_init(&c);
	canvas_resize(&c, 12, 3);
	page_draw(&p, &e, &c, (struct area){0, 0, 3, 10}, -1);
	canvas_dump(&c, &s);
	assert_non_null(strstr(str_text(&s), "!abcdefgh…\n"));
	assert_non_null(strstr(str_text(&s), "⊂      12\n"));
	assert_non_null(strstr(str_text(&s), " 漢字漢字…\n"));
	str_done(&s);
	canvas_done(&c);
	page_done(&p);
}

/* ---- The builders ---- */

struct bench {
	struct fixture x;
	const struct frame *f;
	struct screen_env e;
	struct page p;
	struct str text;
};

static void bench_init(struct bench *b, bool hostile)
{
	memset(b, 0, sizeof(*b));
	fixture_init(&b->x);
	fixture_web1(&b->x, hostile);
	fixture_apply(&b->x, 0);
	b->f = fixture_apply(&b->x, 1);
	b->e.f = b->f;
	b->e.now_ns = b->f->boot_ns;
}
static void bench_done(struct bench *b)
{
	page_done(&b->p);
	str_done(&b->text);
	fixture_done(&b->x);
}
/* The page as text, one line a line, each with its gutter. */
static const char *build(struct bench *b, struct subject s, int width)
{
	struct canvas c;
	char *styles;

	b->p.width = width;
	page_build(&b->p, &b->e, &s);
	canvas_init(&c);
	canvas_resize(&c, width, (int)b->p.lines.n);
	page_draw(&b->p, &b->e, &c, (struct area){0, 0, c.h, width}, -1);
	str_clear(&b->text);
	canvas_dump(&c, &b->text);
	canvas_done(&c);
	styles = strstr(b->text.s, "--- styles");
	if (styles)
		*styles = '\0';
	return str_text(&b->text);
}
static struct subject port(uint32_t n)
{
	return (struct subject){SUBJECT_PORT, {.kind = PICK_PORT, .proto = PROTO_TCP, .port = n}};
}
static struct subject proc(const struct frame *f, uint32_t pid)
{
	for (uint32_t i = 0; i < f->procs.n; i++)
		if (f->procs.v[i].p.pid == pid)
			return (struct subject){SUBJECT_PROC, pick_of(ROWS_PROC, f, i)};
	fail_msg("no process %u", pid);
	return (struct subject){0};
}
static struct subject sock(const struct frame *f, enum state st, uint32_t lport, uint32_t rport)
{
	for (uint32_t i = 0; i < f->rows_n; i++)
		if (frame_sock(f, i)->state == st && frame_sock(f, i)->lport == lport &&
		    (!rport || frame_sock(f, i)->rport == rport))
			return (struct subject){SUBJECT_SOCK, pick_of(ROWS_SOCK, f, i)};
	fail_msg("no socket %u", lport);
	return (struct subject){0};
}

static void port_page(void **state)
{
	struct bench b;
	const char *t;
	bool opens = false;

	bench_init(&b, false);
	t = build(&b, port(443), 80);
	HAS(t, " 443/tcp  https    every interface (*)");
	HAS(t, "nginx ×5   1044");
	HAS(t, "!  accept queue full, 512 of 511");
	HAS(t, "512 of 511  ████████████ 100%");
	HAS(t, " LISTENERS 4  SO_REUSEPORT");
	HAS(t, "   512/511  1,847");
	HAS(t, " HELD BY 5\n      1044 root     S nginx: master process");
	HAS(t, "1046 www-data T └ nginx");
	HAS(t, "\n STATES ");
	HAS(t, "\n RATE  60 s");
	HAS(t, "\n PEERS ");
	HAS(t, "   203.0.113.77:51234");
	for (size_t i = 0; i < b.p.lines.n; i++)
		opens |= b.p.lines.v[i].walk && b.p.lines.v[i].subject.kind == SUBJECT_PROC &&
			 b.p.lines.v[i].subject.pick.pid == 1046;
	assert_true(opens);
	/* No listener's page shows another's holders; a quiet port says no more than it knows. */
	t = build(&b, port(22), 80);
	HAS(t, " 22/tcp  ssh");
	HAS(t, "HELD BY 1");
	HAS(t, "queue     0 of 128");
	HAS(t, "   0.0.0.0  ");
	HAS(t, "   [::]  ");
	t = build(&b, port(25), 80);
	HAS(t, " 25/tcp  ");
	HAS(t, "127.0.0.1  loopback");
	HAS_NOT(t, "LISTENERS");
	HAS_NOT(t, "SO_REUSEPORT");
	HAS_NOT(t, "60 s  "); /* no queue history without a finding */
	t = build(&b, port(2049), 80);
	HAS(t, "‹kernel›");
	HAS_NOT(t, "HELD BY");
	t = build(&b, port(9999), 80);
	HAS(t, "9999/tcp is free");
	bench_done(&b);
}

static void process_page(void **state)
{
	struct bench b;
	const char *t;
	size_t folded;

	bench_init(&b, false);
	t = build(&b, proc(b.f, 21877), 80);
	HAS(t, " node  21877   deploy   sleeping   up ");
	HAS(t, "   command   /usr/bin/node /srv/api/server.js --port 8080\n");
	HAS(t, "   exe       /usr/bin/node\n");
	HAS(t, "   unit      api.service                    parents  systemd 1\n");
	t = build(&b, proc(b.f, 21877), 75); /* no room for two facts a line */
	HAS(t, "   unit      api.service\n   parents   systemd 1\n");
	t = build(&b, proc(b.f, 21877), 80);
	HAS(t, "   files     1,019 of 1,024  ███████████████████▉  99%\n");
	HAS(t, "!  5 descriptors left");
	HAS(t, "!  7 sockets in close-wait");
	HAS(t, " LISTENS ON 2   ADDRESS");
	HAS(t, "  8080 tcp     *");
	HAS(t, " CONNECTIONS 59 ");
	HAS(t, " ▾ ← :8080  ");
	HAS(t, "     this machine, nginx 1047");
	HAS(t, "!▸ → 10.0.0.7:5432  postgresql");
	/* Unfolded, its connections stand below. */
	folded = b.p.lines.n;
	for (uint32_t i = 0; i < b.p.lines.n; i++)
		if (b.p.lines.v[i].foldable && b.p.lines.v[i].gutter == '!')
			page_click(&b.p, i);
	page_move(&b.p, MOVE_RIGHT, 50);
	t = build(&b, proc(b.f, 21877), 80);
	assert_true(b.p.lines.n >= folded + 42);
	HAS(t, "close-w");
	/* A process that is not there. */
	t = build(&b, (struct subject){SUBJECT_PROC, {.kind = PICK_PROC, .pid = 4242, .start = 1}}, 80);
	HAS(t, "process 4242 has ended");
	bench_done(&b);
}

static void connection_page(void **state)
{
	struct bench b;
	const char *t;
	bool there = false;

	bench_init(&b, false);
	t = build(&b, sock(b.f, STATE_CLOSE_WAIT, 38610, 5432), 80);
	HAS(t, " tcp 10.0.0.5:38610 → 10.0.0.7:5432\n close-wait   we connected   ≥");
	HAS(t, "!  7 sockets in close-wait");
	HAS(t, "\n THIS END                                     OTHER END\n"
	       "   address   10.0.0.5:38610                   10.0.0.7:5432  postgresql\n");
	HAS(t, "not on this machine");
	HAS(t, "node 21877 fd ");
	HAS(t, "read to the end, never closed");
	HAS(t, " PATH\n");
	HAS(t, "segments sent again");
	HAS(t, "   cookie ");
	HAS(t, " HISTORY     ");
	HAS(t, " first seen, close-wait\n");
	t = build(&b, sock(b.f, STATE_CLOSE_WAIT, 38610, 5432), 75); /* the ends below each other */
	HAS(t, "\n OTHER END\n   address   10.0.0.7:5432  postgresql\n   process   not on this machine\n");
	t = build(&b, sock(b.f, STATE_ESTABLISHED, 443, 40100), 80);
	HAS(t, "‹unaccepted›");
	HAS(t, "the accept queue of *:443");
	t = build(&b, sock(b.f, STATE_LISTENING, 443, 0), 80);
	HAS(t, " tcp *:443\n listening");
	HAS(t, " ACCEPT QUEUE\n");
	HAS_NOT(t, "OTHER END");
	t = build(&b, sock(b.f, STATE_TIME_WAIT, 443, 0), 80);
	HAS(t, "‹time-wait›");
	HAS(t, " TIMER       ends in ");
	HAS_NOT(t, "BUFFERS"); /* a mini socket has none */
	HAS_NOT(t, "inode");
	/* A loopback address is nowhere else: without its other end that one is gone. */
	{
		struct fixture x;
		struct screen_env e = b.e;
		uint32_t one;

		fixture_init(&x);
		one = fixture_sock(&x, PROTO_TCP, STATE_CLOSE_WAIT, "127.0.0.1:46024", "127.0.0.1:7000");
		e.f = fixture_apply(&x, 1);
		b.p.width = 80;
		page_build(&b.p, &e,
			   &(struct subject){SUBJECT_SOCK,
					     {.kind = PICK_SOCK, .cookie = x.snap.socks.v[one].cookie}});
		str_clear(&b.text);
		page_text(&b.p, &b.text);
		HAS(str_text(&b.text), "gone from this machine");
		fixture_done(&x);
	}
	/* Both ends here: Enter goes to the other. */
	for (uint32_t i = 0; i < b.f->rows_n && !there; i++) {
		if (frame_row(b.f, i)->peer == NONE)
			continue;
		t = build(&b, (struct subject){SUBJECT_SOCK, pick_of(ROWS_SOCK, b.f, i)}, 80);
		HAS(t, ", on this machine");
		for (size_t l = 0; l < b.p.lines.n; l++)
			there |= b.p.lines.v[l].subject.kind == SUBJECT_SOCK &&
				 b.p.lines.v[l].subject.pick.cookie ==
					 frame_sock(b.f, frame_row(b.f, i)->peer)->cookie;
		assert_true(there);
	}
	assert_true(there);
	t = build(&b, (struct subject){SUBJECT_SOCK, {.kind = PICK_SOCK, .cookie = 0xdead}}, 80);
	HAS(t, "is closed");
	bench_done(&b);
}

/* At no width does a line leave the page, whatever the names are; ASCII means ASCII. */
static void every_width(void **state)
{
	for (int hostile = 0; hostile < 2; hostile++) {
		struct bench b;

		bench_init(&b, hostile);
		for (int w = 1; w <= 140; w += w < 60 ? 1 : 13) {
			for (int ascii = 0; ascii < 2; ascii++) {
				b.e.ascii = ascii;
				for (uint32_t i = 0; i < b.f->procs.n; i += 7) {
					build(&b, (struct subject){SUBJECT_PROC, pick_of(ROWS_PROC, b.f, i)},
					      w);
					for (size_t s = 0; s < b.p.spans.n; s++) {
						const char *text = b.p.text.s + b.p.spans.v[s].at;

						assert_true(b.p.spans.v[s].col + text_width(text) <= w);
						for (const char *c = text; *c; c++) {
							assert_true((unsigned char)*c >= 0x20 && *c != 0x7f);
							assert_true(!ascii || (unsigned char)*c < 0x80);
						}
					}
				}
				build(&b, port(443), w);
				for (size_t s = 0; s < b.p.spans.n; s++)
					for (const char *c = b.p.text.s + b.p.spans.v[s].at; *c; c++)
						assert_true(!ascii || (unsigned char)*c < 0x80);
				build(&b, sock(b.f, STATE_CLOSE_WAIT, 38610, 5432), w);
			}
		}
		bench_done(&b);
	}
}

/* As a screen: crumb, status, what is under the cursor, a subject that goes. */
static void as_a_screen(void **state)
{
	struct bench b;
	struct canvas c;
	struct screen *s;
	struct str out = {0};
	struct want w = {0};
	struct subject u;

	bench_init(&b, false);
	canvas_init(&c);
	canvas_resize(&c, 80, 20);
	s = page_screen_new(proc(b.f, 21877), "Processes");
	s->ops->frame(s, &b.e);
	s->ops->draw(s, &b.e, &c, (struct area){2, 0, 10, 80});
	s->ops->crumb(s, &b.e, &out);
	assert_string_equal(str_text(&out), "Processes › node 21877");
	str_clear(&out);
	s->ops->status(s, &b.e, &out);
	assert_non_null(strstr(str_text(&out), "lines 1-10 of "));
	assert_int_equal(s->ops->about(s).pick.pid, 21877);
	u = s->ops->under(s, &b.e);
	assert_int_equal(u.kind, SUBJECT_PROC); /* the first line that opens: its parent */
	/* K is for the page's process until the user walks to another. */
	assert_int_equal(s->ops->target(s, &b.e).pick.pid, 21877);
	s->ops->section(s, &b.e, 1);
	assert_int_equal(s->ops->target(s, &b.e).pick.pid, 21877);
	s->ops->section(s, &b.e, -1);
	assert_int_equal(s->ops->target(s, &b.e).pick.pid, 1);
	s->ops->section(s, &b.e, 1);
	u = s->ops->under(s, &b.e);
	assert_int_equal(u.kind, SUBJECT_PORT);
	assert_int_equal(u.pick.port, 8080);
	s->ops->section(s, &b.e, 1); /* the first group of connections: nothing opens, Enter folds it */
	assert_int_equal(s->ops->under(s, &b.e).kind, SUBJECT_NONE);
	s->ops->enter(s, &b.e);
	s->ops->draw(s, &b.e, &c, (struct area){2, 0, 18, 80});
	str_clear(&out);
	canvas_dump(&c, &out);
	HAS(str_text(&out), "▸ ← :8080");
	assert_false(s->ops->click(s, &b.e, 1, 5)); /* above the area */
	s->ops->want(s, &w);
	assert_true(w.attrs & WANT_OWNERS);
	/* No frame yet: nothing is drawn, nothing breaks. */
	b.e.f = NULL;
	s->ops->frame(s, &b.e);
	s->ops->draw(s, &b.e, &c, (struct area){2, 0, 10, 80});
	s->ops->draw(s, &b.e, &c, (struct area){0, 0, 0, 0});
	s->ops->free(s);
	str_done(&out);
	canvas_done(&c);
	bench_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(walks),
		cmocka_unit_test(sections),
		cmocka_unit_test(cursor_is_an_identity),
		cmocka_unit_test(folds),
		cmocka_unit_test(cuts_at_the_width),
		cmocka_unit_test(port_page),
		cmocka_unit_test(process_page),
		cmocka_unit_test(connection_page),
		cmocka_unit_test(every_width),
		cmocka_unit_test(as_a_screen),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
