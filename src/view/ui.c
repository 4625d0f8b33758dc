/* The dashboard without a terminal: owns the stack of screens, the dialog, the filter and the message, and
 * leads frames, keys and time to them. Drawing is in ui_draw.c, what keys do in ui_actions.c. */
#include "sockeye/view/ui.h"
#include "sockeye/base/units.h"
#include "ui_actions.h"
#include "ui_private.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A named view's own filter and the one for all views, in one. */
static void narrow(struct ui *u, size_t named)
{
	const char *own = u->opts.named[named].filter, *text = ui_filter_text(u);
	struct screen *s = u->views[VIEW_N + named];
	struct filter *old = u->narrowed[named], *f = NULL;
	struct filter_error err;
	struct str both = {0};

	str_putf(&both, *text && *own ? "(%s) (%s)" : "%s%s", own, text);
	if (filter_parse(str_text(&both), u->services, &f, &err) < 0)
		(void)filter_parse(own, u->services, &f, &err);
	str_done(&both);
	u->narrowed[named] = f;
	if (s)
		screen_table(s)->filter = f;
	filter_free(old);
}

static struct screen *view_screen(struct ui *u, int view)
{
	const struct ui_named_view *named = view >= VIEW_N ? &u->opts.named[view - VIEW_N] : NULL;
	enum view_id base = ui_view_base(u, view);
	const char *sort = named && named->sort ? named->sort : u->opts.view_sort[base];
	const char *columns = named && named->columns ? named->columns : u->opts.view_columns[base];
	struct table *t;
	char err[64];

	if (u->views[view])
		return u->views[view];
	u->views[view] = table_screen_new(base);
	t = screen_table(u->views[view]);
	t->filter = u->filter;
	if (named)
		narrow(u, (size_t)(view - VIEW_N));
	/* Lists that were read before; what is wrong with them was told then. */
	if (columns)
		(void)table_set_columns(t, columns, err, sizeof(err));
	if (sort)
		(void)table_set_sort_list(t, sort, err, sizeof(err));
	return u->views[view];
}

struct screen *ui_top(struct ui *u)
{
	return u->stack_n ? u->stack[u->stack_n - 1] : view_screen(u, u->view);
}

struct screen *ui_top_const(const struct ui *u)
{
	return u->stack_n ? u->stack[u->stack_n - 1] : u->views[u->view];
}

/* Another screen comes up: what was said about the one before must not lie over its hints. */
static void forget_message(struct ui *u)
{
	u->message_until = 0;
}

/* Nobody waits for what it asked. */
static void drop_page(struct ui *u, struct screen *s)
{
	if (u->why_screen == s)
		u->why_screen = NULL;
	s->ops->free(s);
}

void ui_push(struct ui *u, struct screen *s)
{
	if (u->stack_n == STACK_MAX) { /* the oldest page is the one nobody goes back to */
		drop_page(u, u->stack[0]);
		memmove(u->stack, u->stack + 1, (STACK_MAX - 1) * sizeof(u->stack[0]));
		u->stack_n--;
	}
	u->stack[u->stack_n++] = s;
	forget_message(u);
	ui_update_top(u);
}

bool ui_pop(struct ui *u)
{
	struct screen *s;

	if (u->stack_n == 0)
		return false;
	s = u->stack[--u->stack_n];
	drop_page(u, s);
	forget_message(u);
	ui_update_top(u);
	return true;
}

void ui_show_view(struct ui *u, int view)
{
	while (u->stack_n > 0) {
		drop_page(u, u->stack[--u->stack_n]);
	}
	if (u->view != view)
		forget_message(u);
	u->view = view;
	u->detail_subject.kind = SUBJECT_NONE; /* the pane shows the new view's row at once */
	ui_update_top(u);
}

static void close_dialog(struct ui *u)
{
	struct dialog *d = u->dialog;

	u->dialog = NULL;
	if (d)
		d->ops->free(d, u);
	u->env.dialog_open = false;
}

void ui_close_dialog(struct ui *u)
{
	close_dialog(u);
	ui_update_top(u);
}

void ui_open_dialog(struct ui *u, struct dialog *d)
{
	close_dialog(u);
	u->dialog = d;
	u->message_until = 0;
	ui_update_top(u);
}

const char *ui_filter_text(const struct ui *u)
{
	return u->filter && !filter_empty(u->filter) ? filter_text(u->filter) : "";
}

void ui_set_filter(struct ui *u, struct filter *f)
{
	struct filter *old = u->filter;

	u->filter = f;
	for (size_t i = 0; i < VIEW_N; i++)
		if (u->views[i])
			screen_table(u->views[i])->filter = f;
	for (size_t i = 0; i < u->opts.named_n; i++)
		narrow(u, i);
	filter_free(old);
	ui_update_top(u);
}

bool ui_try_filter(struct ui *u, const char *text)
{
	struct filter *f = NULL;
	struct filter_error err;

	if (filter_parse(text, u->services, &f, &err) < 0) {
		ui_error(u, "filter: %s", err.text);
		return false;
	}
	ui_set_filter(u, f);
	return true;
}

void ui_message(struct ui *u, bool error, const char *text, uint64_t now_ns)
{
	if (now_ns > u->env.now_ns)
		u->env.now_ns = now_ns;
	snprintf(u->message, sizeof(u->message), "%s", text);
	u->message_error = error;
	u->message_until = error ? UINT64_MAX : u->env.now_ns + MESSAGE_NS;
}

void ui_say(struct ui *u, const char *fmt, ...)
{
	char text[sizeof(u->message)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	ui_message(u, false, text, u->env.now_ns);
}

void ui_error(struct ui *u, const char *fmt, ...)
{
	char text[sizeof(u->message)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	ui_message(u, true, text, u->env.now_ns);
}

int ui_new(const struct ui_opts *o, const struct ui_host *host, const struct services *services,
	   struct ui **ret, char *err, size_t err_n)
{
	struct ui *u = mem_zalloc(1, sizeof(*u));
	struct table *t;
	int r = 0;

	u->opts = *o;
	u->host = host;
	u->services = services;
	if (host && host->over) {
		u->env.slice = (struct slice){host->over, host->data};
	}
	u->env.ascii = o->ascii;
	u->env.table_h = 1;
	u->env.conns = &u->conns;
	u->env.proc_conns = &u->proc_conns;
	if (u->opts.named_n > UI_NAMED_MAX)
		u->opts.named_n = UI_NAMED_MAX;
	u->keymap = o->keymap ? o->keymap : &u->own_keys;
	if (!o->keymap)
		keymap_init(&u->own_keys);
	u->interval_ns = o->interval_ns ? o->interval_ns : NSEC_PER_SEC;
	u->view = ui_view_number(u, o->view) ? o->view : VIEW_PORTS;
	if (o->filter && *o->filter) {
		struct filter_error fe;

		r = filter_parse(o->filter, services, &u->filter, &fe);
		if (r < 0)
			snprintf(err, err_n, "filter: %s", fe.text);
	}
	t = screen_table(view_screen(u, u->view));
	t->all = o->all && t->view == VIEW_PORTS;
	t->findings_only = o->findings;
	t->listening = t->view == VIEW_CONNECTIONS && (o->listening || o->all);
	if (r == 0 && o->sort)
		r = table_set_sort_list(t, o->sort, err, err_n);
	if (r == 0 && o->columns)
		r = table_set_columns(t, o->columns, err, err_n);
	if (r < 0) {
		ui_free(u);
		return r;
	}
	*ret = u;
	return 0;
}

void ui_free(struct ui *u)
{
	if (!u)
		return;
	close_dialog(u);
	for (int i = 0; i < u->stack_n; i++)
		u->stack[i]->ops->free(u->stack[i]);
	for (size_t i = 0; i < VIEWS_MAX; i++)
		if (u->views[i])
			u->views[i]->ops->free(u->views[i]);
	for (size_t i = 0; i < UI_NAMED_MAX; i++)
		filter_free(u->narrowed[i]);
	keymap_done(&u->own_keys);
	page_done(&u->detail_page);
	port_conns_done(&u->conns);
	proc_conns_done(&u->proc_conns);
	filter_free(u->filter);
	for (size_t i = 0; i < u->history.n; i++)
		free(u->history.v[i]);
	vec_done(&u->history);
	vec_done(&u->hits);
	vec_done(&u->waiting);
	free(u->search);
	free(u->exporting);
	hosts_done(&u->hosts);
	map_done(&u->limits_told);
	free(u);
}

void ui_resize(struct ui *u, int w, int h)
{
	struct table *t;

	if (w == u->w && h == u->h)
		return;
	u->w = w < 0 ? 0 : w;
	u->h = h < 0 ? 0 : h;
	ui_update_top(u);
	t = screen_table(ui_top(u));
	if (t && t->order.n) /* the selected row may have fallen below the last line */
		table_goto(t, t->cursor, (uint32_t)u->env.table_h);
}

static bool same_subject(const struct subject *a, const struct subject *b)
{
	const struct pick *x = &a->pick, *y = &b->pick;

	if (a->kind != b->kind || a->kind == SUBJECT_NONE)
		return a->kind == b->kind;
	return (x->netns_inode ? x->netns_inode == y->netns_inode : x->netns == y->netns) &&
	       x->proto == y->proto && x->port == y->port && x->cookie == y->cookie && x->pid == y->pid &&
	       x->start == y->start;
}

static struct subject under_cursor(struct ui *u)
{
	struct screen *s = ui_top(u);

	if (!screen_table(s) || !s->ops->under)
		return (struct subject){.kind = SUBJECT_NONE};
	return s->ops->under(s, &u->env);
}

static bool detail_follows(struct ui *u)
{
	struct subject now = under_cursor(u);

	if (same_subject(&now, &u->detail_subject))
		return false;
	u->detail_subject = now;
	u->detail_number = 0;
	u->detail_page.top = 0;
	vec_clear(&u->detail_page.toggled);
	return true;
}

bool ui_tick(struct ui *u, uint64_t now_ns)
{
	bool draw = false;

	if (u->paused &&
	    (now_ns - u->paused_ns) / NSEC_PER_SEC != (u->env.now_ns - u->paused_ns) / NSEC_PER_SEC)
		draw = true;
	u->env.now_ns = now_ns;
	if (ui_take_answer(u))
		draw = true;
	if (u->exporting && ui_export_tick(u))
		draw = true;
	if (u->message_until && u->message_until <= now_ns) {
		u->message_until = 0;
		draw = true;
	}
	if (u->dialog && u->dialog->ops->tick && u->dialog->ops->tick(u->dialog, u))
		draw = true;
	if (ui_layout(u).detail.w > 0 && now_ns - u->cursor_moved_ns >= DETAIL_REST_NS && detail_follows(u))
		draw = true;
	return draw;
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t ui_deadline(const struct ui *u)
{
	uint64_t at = u->exporting ? u->env.now_ns + EXPORT_TOLD_NS : UINT64_MAX;

	if (u->message_until)
		at = sooner(at, u->message_until);
	if (u->paused)
		at = sooner(at, u->paused_ns +
					((u->env.now_ns - u->paused_ns) / NSEC_PER_SEC + 1) * NSEC_PER_SEC);
	if (u->dialog && u->dialog->ops->deadline)
		at = sooner(at, u->dialog->ops->deadline(u->dialog));
	if (ui_layout(u).detail.w > 0 && u->env.now_ns < u->cursor_moved_ns + DETAIL_REST_NS)
		at = sooner(at, u->cursor_moved_ns + DETAIL_REST_NS);
	return at;
}

static void mouse(struct ui *u, const struct key *k)
{
	struct screen *s = ui_top(u);

	ui_search_end(u);
	if (k->mouse == MOUSE_WHEEL_UP || k->mouse == MOUSE_WHEEL_DOWN) {
		for (int i = 0; i < WHEEL_ROWS; i++)
			s->ops->move(s, &u->env, k->mouse == MOUSE_WHEEL_UP ? MOVE_UP : MOVE_DOWN);
		return;
	}
	for (size_t i = 0; i < u->hits.n; i++) {
		const struct hit *h = &u->hits.v[i];

		if (k->y == h->y && k->x >= h->x && k->x < h->x + h->w) {
			if (k->mouse == MOUSE_CLICK)
				h->binding->run(u, KEY_MOUSE_);
			return;
		}
	}
	if (s->ops->click && s->ops->click(s, &u->env, k->y, k->x) && k->mouse == MOUSE_DOUBLE) {
		act_open(u, KEY_MOUSE_);
	}
}

/* A key for the dialog, or for the table of bindings. */
static void dispatch(struct ui *u, const struct key *k)
{
	uint8_t where = screen_table(ui_top(u)) ? WHERE_TABLE : WHERE_PAGE;
	const struct binding *b = keymap_find(u->keymap, k->code, where);
	struct str name = {0};

	if (b) {
		if (b->run != act_search_next && b->run != act_search_prev)
			ui_search_end(u);
		if (b->group != KEYS_MOVE)
			u->detail_number = 0;
		b->run(u, k->code);
		return;
	}
	if (k->code >= '1' && k->code <= '3' && help_screen_goto(ui_top(u), (int)(k->code - '1')))
		return;
	if ((k->code == '/' || k->code == '\\' || k->code == KEY_F3) && help_screen_goto(ui_top(u), -1)) {
		ui_open_dialog(u, search_prompt_new(u));
		return;
	}
	key_print(k->code, &name);
	b = keymap_find(u->keymap, k->code, WHERE_ANY);
	if (b && !(k->code >= '0' && k->code <= '9'))
		ui_say(u, "%s (%s) works in the tables; Esc goes back", str_text(&name), b->help);
	else if (k->code == KEY_UNKNOWN)
		ui_say(u, "%s", binding_unbound_text(k->code));
	else
		ui_say(u, "%s: %s", str_text(&name), binding_unbound_text(k->code));
	str_done(&name);
}

/* The screen is too small: what cannot be seen is not acted upon. Leaving is possible. */
static void key_unseen(struct ui *u, const struct key *k)
{
	const struct binding *b = keymap_find(u->keymap, k->code, WHERE_ANY);

	if (u->dialog) {
		if (k->code == KEY_ESC)
			ui_close_dialog(u);
	} else if (b && (!strcmp(b->action, "quit") || !strcmp(b->action, "back_or_quit"))) {
		act_quit(u, k->code);
	}
}

/* Pasted text is text: what ends a line in it must not send it off, and parts words instead; nothing in it is a key. */
static bool paste_takes(struct ui *u, const struct key *k)
{
	if (k->code == KEY_ENTER_ || k->code == KEY_TAB || k->code == '\n' || k->code == '\r') {
		u->paste_blank = u->paste_begun;
		return false;
	}
	if (k->code < ' ' || k->code == 0x7f || k->code >= KEY_NONE_)
		return false;
	u->paste_begun = true;
	if (u->paste_blank) {
		u->paste_blank = false;
		u->dialog->ops->key(u->dialog, u, &(struct key){.code = ' '});
	}
	return true;
}

void ui_take_key(struct ui *u, const struct key *k)
{
	struct subject before, after;

	if (k->code == KEY_PASTE_BEGIN || k->code == KEY_PASTE_END) {
		u->pasting = k->code == KEY_PASTE_BEGIN;
		u->paste_told = u->paste_begun = u->paste_blank = false;
		return;
	}
	if (u->pasting && !(u->dialog && u->dialog->ops->wants_paste)) {
		if (!u->paste_told)
			ui_say(u, "pasted text was not taken as keys; `/` opens a prompt for it");
		u->paste_told = true;
		return;
	}
	if (u->pasting && !paste_takes(u, k))
		return;
	if (u->message_until == UINT64_MAX)
		u->message_until = 0;
	if (k->code == 12 && u->dialog) { /* ^L: a spoilt screen is spoilt under a dialog, too */
		act_redraw(u, k->code);
		return;
	}
	before = under_cursor(u);
	if (u->w < UI_W_MIN || u->h < UI_H_MIN) {
		key_unseen(u, k);
	} else if (u->dialog) {
		struct dialog *d = u->dialog;
		bool stays = d->ops->key(d, u, k);

		/* The key may have opened another dialog in its place. */
		if (!stays && u->dialog == d)
			ui_close_dialog(u);
	} else if (k->code == KEY_MOUSE_) {
		mouse(u, k);
	} else {
		dispatch(u, k);
	}
	after = under_cursor(u);
	if (!same_subject(&before, &after)) {
		u->cursor_moved_ns = u->env.now_ns;
		/* The first row ever selected need not rest. */
		if (u->detail_subject.kind == SUBJECT_NONE)
			detail_follows(u);
	}
}

void ui_key(struct ui *u, const struct key *k, uint64_t now_ns)
{
	u->env.now_ns = now_ns;
	if (k->code == 3) /* ^C means it, whatever is open */
		act_quit(u, k->code);
	else if (u->waiting.n || ui_must_wait(u, k))
		vec_push(&u->waiting, *k);
	else
		ui_take_key(u, k);
	if (ui_working(u))
		ui_work(u);
}

bool ui_paused(const struct ui *u)
{
	const struct dialog *d = u->dialog;

	/* A search goes through the rows of this frame; what acts works out of it what it would do. */
	return u->paused || u->searching.dir ||
	       (d && !d->ops->wants_paste && d->ops->working && d->ops->working(d));
}

bool ui_discard_input(struct ui *u)
{
	bool d = u->discard_input;

	u->discard_input = false;
	return d;
}

void ui_want(const struct ui *u, struct want *ret)
{
	const struct screen *top = ui_top_const(u);
	const struct screen *view = u->views[u->view];
	struct want w = {.protos = 1u << PROTO_TCP | 1u << PROTO_UDP};

	if (view)
		view->ops->want(view, &w);
	if (top && top != view && top->ops->want)
		top->ops->want(top, &w);
	if (u->filter)
		filter_want(u->filter, &w);
	/* Under a page too: when it is not asked for any more every row is another one, and again when it is. */
	if (ui_has_pane(u)) {
		w.states = STATES_ALL;
		w.attrs |= WANT_INFO | WANT_MEM | WANT_OWNERS;
	}
	if (ui_shows_estab(u)) { /* line 1 counts every state and sums the rates */
		w.states = STATES_ALL;
		w.attrs |= WANT_INFO;
	}
	*ret = w;
}
