/* Line 1: where we are, what is wrong, how much there is. Made of parts, of which the less important ones go
 * when the line is narrow. */
#include "sockeye/base/text.h"
#include "sockeye/base/units.h"
#include "ui_private.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define WIDE_DIGITS 4 /* of counts beside long words: room for 9999 */
#define OWNERS_FROM_W 76 /* from here on whose owners are hidden is said in full */

enum part { /* in screen order */
	    PART_NAME,
	    PART_HOST,
	    PART_USER,
	    PART_READ_ONLY,
	    PART_NETNS,
	    PART_FINDINGS,
	    PART_LISTEN,
	    PART_ESTAB,
	    PART_CLOSE_WAIT,
	    PART_TIME_WAIT,
	    PART_UDP,
	    PART_RATES, /* from here on at the right edge */
	    PART_CLOCK,
	    PART_N
};
/* What goes first when the line is narrow. Modes, findings and the interval stay. */
static const uint8_t drop_order[] = {PART_NAME,  PART_UDP,   PART_TIME_WAIT, PART_CLOSE_WAIT,
				     PART_RATES, PART_ESTAB, PART_HOST,      PART_LISTEN};

struct part_text {
	char text[80];
	uint8_t style;
	int gap; /* blanks before it */
	bool count; /* a word and a number */
};

static void put_rate(char *out, size_t n, double rate, bool wide)
{
	char buf[UNIT_BUF];
	const char *s = isnan(rate) ? "" : fmt_size(buf, rate);
	size_t len = strlen(s);

	if (!wide) {
		snprintf(out, n, "%-4s", len ? s : "-");
	} else if (!len) {
		snprintf(out, n, "   -     ");
	} else if (s[len - 1] >= '0' && s[len - 1] <= '9') {
		snprintf(out, n, "%3s B/s ", s);
	} else {
		snprintf(out, n, "%3.*s %cB/s", (int)len - 1, s, s[len - 1]);
	}
}

__attribute__((format(printf, 4, 5))) static void part_set(struct part_text *p, uint8_t style, int gap,
							   const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(p->text, sizeof(p->text), fmt, ap);
	va_end(ap);
	p->style = style;
	p->gap = gap;
}

static void count_part(struct part_text *p, const char *name, uint32_t n, uint8_t style, bool wide)
{
	char buf[UNIT_BUF];

	part_set(p, style, wide ? 3 : 2, "%s %s", name, fmt_count(buf, n));
	p->count = true;
}

static void owner_part(const struct ui *u, struct part_text *p, bool wide)
{
	const struct frame *f = u->env.f;
	const char *user = u->opts.user_name ? u->opts.user_name : "user";
	uint32_t hidden = 0;

	if (u->opts.root) {
		if (wide)
			part_set(p, STYLE_DIM, 2, "%s", user);
		return;
	}
	for (size_t i = 0; f && i < f->ports.n; i++)
		hidden += f->ports.v[i].reason == REASON_NOT_PERMITTED &&
			  !(f->ports.v[i].flags & PORT_CLIENT) && !(f->ports.v[i].marks & MARK_CLOSED);
	if (hidden && u->w < OWNERS_FROM_W)
		part_set(p, STYLE_WARN, 2, "%u hidden", hidden);
	else if (hidden)
		part_set(p, STYLE_WARN, 2, "%.24s: %u owner%s hidden", user, hidden, hidden == 1 ? "" : "s");
	else if (wide)
		part_set(p, STYLE_DIM, 2, "%.24s", user);
}

/* Only when one was asked for. Its name is foreign text. */
static void netns_part(const struct ui *u, struct part_text *p)
{
	const char *name = u->opts.netns_name;
	struct str s = {0}, cut = {0};

	if (!name)
		return;
	text_put_cell(&s, name, strlen(name), u->env.ascii, 64);
	text_put_clip(&cut, str_text(&s), 16, u->env.ascii ? "~" : "…");
	part_set(p, STYLE_INFO, 2, "ns:%s", str_text(&cut));
	str_done(&s);
	str_done(&cut);
}

uint64_t ui_interval(const struct ui *u)
{
	const struct frame *f = u->env.f;

	/* The frame may be of before the user changed it. */
	return f && f->interval_ns > u->interval_ns && f->cost_ns * 10 > u->interval_ns ? f->interval_ns
											: u->interval_ns;
}

/* What differs a little from look to look must not make a quiet screen move. */
static unsigned long long two_digits(uint64_t ms)
{
	uint64_t step = 1;

	while (ms / step >= 100)
		step *= 10;
	return (ms + step / 2) / step * step;
}

static void clock_part(const struct ui *u, struct part_text *p, bool wide, bool brief)
{
	char buf[UNIT_BUF];
	uint64_t every;

	/* Looks that cost more than was meant are made less often: that explains a slow screen. */
	every = ui_interval(u);
	fmt_duration(buf, (double)every / 1e9);
	if (every > u->interval_ns && !brief)
		part_set(p, STYLE_WARN, wide ? 3 : 2, "%s (a look: %llu ms)", buf,
			 two_digits(u->env.f->cost_ns / NSEC_PER_MS));
	else
		part_set(p, every > u->interval_ns ? STYLE_WARN : STYLE_PLAIN, wide ? 3 : 2, "%s", buf);
}

/* Instead of the interval, and of rates. */
static void paused_parts(const struct ui *u, struct part_text p[PART_N])
{
	uint64_t s = (u->env.now_ns - u->paused_ns) / NSEC_PER_SEC;

	p[PART_RATES].text[0] = '\0';
	if (s >= 3600)
		part_set(&p[PART_CLOCK], STYLE_WARN, 2, "PAUSED %u:%02u:%02u", (unsigned)(s / 3600),
			 (unsigned)(s / 60 % 60), (unsigned)(s % 60));
	else
		part_set(&p[PART_CLOCK], STYLE_WARN, 2, "PAUSED %u:%02u", (unsigned)(s / 60),
			 (unsigned)(s % 60));
}

static void header_parts(const struct ui *u, struct part_text p[PART_N], bool wide)
{
	const struct frame *f = u->env.f;
	const char *rx = u->env.ascii ? "rx "
			 : wide       ? "▼ "
				      : "▼",
		   *tx = u->env.ascii ? "tx "
			 : wide       ? "▲ "
				      : "▲";
	uint32_t findings = 0;
	char a[24], b[24];

	memset(p, 0, PART_N * sizeof(p[0]));
	if (wide)
		part_set(&p[PART_NAME], STYLE_DIM, 0, "sockeye");
	part_set(&p[PART_HOST], STYLE_HEAD, wide ? 2 : 0, "%.32s",
		 u->opts.host_name ? u->opts.host_name : "");
	owner_part(u, &p[PART_USER], wide);
	if (u->opts.read_only)
		part_set(&p[PART_READ_ONLY], STYLE_WARN, 2, "READ-ONLY");
	netns_part(u, &p[PART_NETNS]);
	clock_part(u, &p[PART_CLOCK], wide, false);
	if (!f)
		return;
	for (size_t i = 0; i < f->findings.n; i++)
		findings += f->findings.v[i].severity >= FINDING_WARN;
	if (findings)
		part_set(&p[PART_FINDINGS], STYLE_BAD, wide ? 3 : 2, "!%u", findings);
	count_part(&p[PART_LISTEN], wide ? "listening" : "listen", f->totals.listening, STYLE_PLAIN, wide);
	if (!wide)
		p[PART_LISTEN].gap = 3;
	count_part(&p[PART_ESTAB], wide ? "established" : "estab", f->totals.states[STATE_ESTABLISHED],
		   STYLE_PLAIN, wide);
	count_part(&p[PART_CLOSE_WAIT], wide ? "close-wait" : "close-w", f->totals.states[STATE_CLOSE_WAIT],
		   f->totals.states[STATE_CLOSE_WAIT] ? STYLE_WARN : STYLE_PLAIN, wide);
	count_part(&p[PART_TIME_WAIT], wide ? "time-wait" : "time-w", f->totals.states[STATE_TIME_WAIT],
		   STYLE_PLAIN, wide);
	count_part(&p[PART_UDP], "udp", f->totals.unconn_udp, STYLE_PLAIN, wide);
	put_rate(a, sizeof(a), f->totals.rx_rate, wide);
	put_rate(b, sizeof(b), f->totals.tx_rate, wide);
	part_set(&p[PART_RATES], STYLE_INFO, wide ? 3 : 2, wide ? "%s%s  %s%s" : "%s%s %s%s", rx, a, tx, b);
}

/* pad: digits that a count takes at least, so that what fits does not come and go with every look. */
static int part_width(const struct part_text *p, int pad)
{
	const char *n = strrchr(p->text, ' ');
	int digits = n ? text_width(n + 1) : 0;

	return text_width(p->text) + (p->count && digits < pad ? pad - digits : 0);
}

static int parts_width(const struct part_text p[PART_N], int pad)
{
	int w = 2; /* the margins */

	for (int i = 0; i < PART_N; i++)
		if (p[i].text[0])
			w += (w > 2 ? p[i].gap : 0) + part_width(&p[i], pad);
	return w;
}

/* Drops what goes first until the rest fits; from the *at-th on. */
static void drop(const struct ui *u, struct part_text p[PART_N], size_t *at, int pad)
{
	for (; *at < ARRAY_LEN(drop_order) && parts_width(p, pad) > u->w; ++*at) {
		if (drop_order[*at] == PART_HOST &&
		    !u->paused) /* how much matters, why can be seen elsewhere */
			clock_part(u, &p[PART_CLOCK], pad > 0, true);
		if (parts_width(p, pad) > u->w)
			p[drop_order[*at]].text[0] = '\0';
	}
}

/* The parts that fit this width. What a pause hides keeps its room, so that nothing else moves. */
static void header_fit(const struct ui *u, struct part_text p[PART_N])
{
	int pad = u->w >= UI_WIDE ? WIDE_DIGITS : 0;
	size_t at = 0;

	header_parts(u, p, pad > 0);
	if (pad &&
	    parts_width(p, pad) > u->w) { /* long words, when nothing but the first two has to go for them */
		p[PART_NAME].text[0] = p[PART_UDP].text[0] = '\0';
		if (parts_width(p, pad) > u->w)
			pad = 0;
		header_parts(u, p, pad > 0);
	}
	drop(u, p, &at, pad);
	if (u->paused) {
		paused_parts(u, p);
		drop(u, p, &at, pad);
	}
	if (parts_width(p, 0) > u->w && u->opts.read_only)
		snprintf(p[PART_READ_ONLY].text, sizeof(p->text), "RO");
}

bool ui_shows_estab(const struct ui *u)
{
	struct part_text p[PART_N];

	if (!u->env.f) /* not drawn yet: by the width alone */
		return u->w == 0 || u->w >= 40;
	header_fit(u, p);
	return p[PART_ESTAB].text[0] || p[PART_RATES].text[0];
}

void ui_draw_header(struct ui *u, struct canvas *c)
{
	struct part_text p[PART_N];
	int x = 1, right = 0;

	header_fit(u, p);
	for (int i = PART_RATES; i < PART_N; i++)
		if (p[i].text[0])
			right += (right ? p[i].gap : 0) + text_width(p[i].text);
	for (int i = 0; i < PART_N; i++) {
		int used;

		if (!p[i].text[0])
			continue;
		if (i >= PART_RATES && right > 0) {
			if (c->w - 1 - right > x)
				x = c->w - 1 - right;
			right = 0;
		} else if (x > 1) {
			x += p[i].gap;
		}
		used = canvas_put(c, 0, x, p[i].style, p[i].text, c->w - 1 - x);
		if (i == PART_FINDINGS)
			ui_hit(u, 0, x, used, binding_by_action("findings"));
		x += used;
	}
}
