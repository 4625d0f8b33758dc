/* Reads the values of filter terms: every kind of field has its own spelling, and its own words for what it
 * expected instead. */
#include "filter_parse.h"
#include "sockeye/base/text.h"
#include "sockeye/base/units.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define VALUE_MAX 256 /* bytes of a value that is no plain text */
#define PATTERN_MAX 256
#define REPEAT_MAX 1000 /* all bounds of a pattern multiplied: more cost memory without end in regcomp */

/* What a value of each kind is called, and what it looks like. */
static const struct {
	const char *what, *expected;
} kind_table[] = {
	[KIND_TEXT] = {"text", "a word, \"several words\" or with ~ a pattern"},
	[KIND_WORD] = {"word", "one of its words"},
	[KIND_COUNT] = {"number", "a whole number like 1234 or 10k"},
	[KIND_ID] = {"number", "a whole number like 1234"},
	[KIND_SIZE] = {"size", "300, 10M or 1.5Gi"},
	[KIND_RATE] = {"rate", "300, 88k or 1M/s"},
	[KIND_DURATION] = {"duration", "30, 500ms, 30s or 5m"},
	[KIND_MS] = {"time", "40, 0.5 or 40ms"},
	[KIND_REAL] = {"number", "a number like 0.5"},
	[KIND_BOOL] = {"answer", "yes or no"},
	[KIND_ADDR] = {"address", "10.0.0.7, 10.0.0.0/8 or 2001:db8::1"},
	[KIND_HEX] = {"number", "0x2824c or 164428"},
	[KIND_HEX32] = {"number", "0x2a, 42 or with a mask 0x1/0xff"},
	[KIND_TIME] = {"time", "2026-11-22, 2026-11-22T14:02 or 2026-11-22T13:02:31Z"},
	[KIND_LIST] = {"list", ""},
	[KIND_OBJECT] = {"object", ""},
	[KIND_ENDPOINT] = {"endpoint", "10.0.0.7, 10.0.0.0/8, 10.0.0.7:443 or :443"},
};

const char *field_expected(const struct field *f)
{
	return f->port ? "443, 8000-8100 or a service name" : kind_table[f->kind].expected;
}

static bool wrong(struct parser *p, const struct part *part, const struct field *f)
{
	return parse_fail(p, part->at, part->n, NULL, "\"%s\" is no %s; expected %s",
			  parse_quote(p, p->lex.word.s + part->text, part->text_n),
			  f->port ? "port" : kind_table[f->kind].what, field_expected(f));
}

/* "port" is what TCP and its like have; ports of vsock and netlink, each end's own field, have 32 bits. */
static uint64_t port_max(const struct field *f)
{
	return f->many == MANY_PORT ? UINT16_MAX : UINT32_MAX;
}

static bool read_port(const struct parser *p, const char *s, uint64_t max, double *ret)
{
	uint64_t n;
	uint32_t port;

	s += *s == ':';
	if (!parse_u64(s, max, &n)) {
		*ret = (double)n;
		return true;
	}
	if (!p->services || (*s >= '0' && *s <= '9') || services_port(p->services, s, &port))
		return false;
	*ret = port;
	return true;
}

static bool read_id(const char *s, double *ret)
{
	uint64_t n;

	if (parse_u64(s, UINT64_C(1) << 53, &n))
		return false;
	*ret = (double)n;
	return true;
}

/* 443, 8000-8100, https */
static bool id_value(struct parser *p, const struct term *t, const struct part *part, char *s, struct alt *a)
{
	uint64_t max = port_max(&t->field);
	bool port = t->field.port;
	char *dash = strchr(s, '-');

	a->form = ALT_RANGE;
	if (port ? read_port(p, s, max, &a->lo) : read_id(s, &a->lo)) {
		a->hi = a->lo;
		return true;
	}
	if (dash) {
		*dash = '\0';
		if (port ? read_port(p, s, max, &a->lo) && read_port(p, dash + 1, max, &a->hi)
			 : read_id(s, &a->lo) && read_id(dash + 1, &a->hi)) {
			if (t->op != OP_EQ && t->op != OP_NE)
				return parse_fail(p, part->at, part->n, NULL,
						  "a range goes with = and != only");
			if (a->lo <= a->hi)
				return true;
			return parse_fail(p, part->at, part->n, NULL, "the range runs backwards");
		}
	}
	return wrong(p, part, &t->field);
}

/* A day, a minute, a second: in local time, or with Z in UTC. */
static bool read_time(const char *s, struct alt *a)
{
	static const struct {
		const char *form;
		double lasts;
	} forms[] = {{"%Y-%m-%d", 86400}, {"%Y-%m-%dT%H:%M", 60}, {"%Y-%m-%dT%H:%M:%S", 1}};
	const char *end;
	size_t i;

	for (i = 0; i < ARRAY_LEN(forms); i++) {
		struct tm tm = {.tm_isdst = -1};
		double part = 0, lasts = forms[i].lasts;
		char *after;

		end = strptime(s, forms[i].form, &tm);
		if (end && *end == '.' && i == 2) {
			part = strtod(end, &after);
			end = after;
			lasts = .001;
		}
		if (!end || (*end && strcasecmp(end, "z") != 0))
			continue;
		tm.tm_isdst = -1;
		a->lo = (double)(*end ? timegm(&tm) : mktime(&tm)) + part;
		a->hi = nextafter(a->lo + lasts, a->lo);
		return true;
	}
	return false;
}

static bool number_value(struct parser *p, const struct term *t, const struct part *part, const char *s,
			 struct alt *a)
{
	uint64_t ns;

	a->form = ALT_RANGE;
	switch ((enum kind)t->field.kind) {
	case KIND_RATE:
		if (parse_rate(s, &a->lo))
			return wrong(p, part, &t->field);
		break;
	case KIND_DURATION:
		if (parse_duration(s, &ns))
			return wrong(p, part, &t->field);
		a->lo = (double)ns / (double)NSEC_PER_SEC;
		break;
	case KIND_MS:
		if (!parse_size(s, &a->lo) && strspn(s, "0123456789.") == strlen(s))
			break;
		if (parse_duration(s, &ns))
			return wrong(p, part, &t->field);
		a->lo = (double)ns / (double)NSEC_PER_MS;
		break;
	case KIND_TIME:
		if (!read_time(s, a))
			return wrong(p, part, &t->field);
		return true;
	case KIND_COUNT:
		if (parse_size(s, &a->lo))
			return wrong(p, part, &t->field);
		break;
	default:
		if (parse_size(s, &a->lo))
			return wrong(p, part, &t->field);
		break;
	}
	a->hi = a->lo;
	return true;
}

/* An address that maps IPv4 into IPv6 is meant as IPv4: that is how both ends are compared. */
static bool read_net(const char *s, struct ip_net *ret)
{
	struct ip_net net;

	if (ip_parse_net(s, &net))
		return false;
	if (net.ip.v6 && net.bits >= 96 && ip_is_mapped(net.ip.b)) {
		ip_unmap(net.ip.b, true, &net.ip);
		net.bits = (uint8_t)(net.bits - 96);
	}
	*ret = net;
	return true;
}

/* Where ss names the family of what follows, here it is asked for in a term of its own. True: told so. */
static bool of_family(struct parser *p, const struct part *part, const struct field *f, const char *s)
{
	static const struct {
		const char *prefix, *instead;
	} table[] = {{"unix:", "family=unix"},
		     {"link:", "family=packet laddr=PROTOCOL iface=NAME"},
		     {"netlink:", "family=netlink laddr=PROTOCOL lport=ID"},
		     {"vsock:", "family=vsock laddr=CID lport=PORT"}};
	size_t i;

	for (i = 0; i < ARRAY_LEN(table); i++)
		if (!strncasecmp(s, table[i].prefix, strlen(table[i].prefix)))
			return !parse_fail(p, part->at, part->n, NULL, "no \"%s\" here; write %s%s%s%s",
					   table[i].prefix, table[i].instead, i ? "" : " ", i ? "" : f->name,
					   i ? "" : "~PATTERN");
	return false;
}

/* 10.0.0.7 10.0.0.0/8 10.0.0.7:443 [::1]:443 :443 *:443, and as ss has it * *:* 10.0.0.7:* inet:10.0.0.7 */
static bool endpoint_value(struct parser *p, const struct term *t, const struct part *part, char *s,
			   struct alt *a)
{
	char *colon;
	double port = 0;

	a->form = ALT_ENDPOINT;
	if (!strncasecmp(s, "inet:", 5) || !strncasecmp(s, "inet6:", 6))
		s = strchr(s, ':') + 1;
	else if (of_family(p, part, &t->field, s))
		return false;
	a->any_addr = !strcmp(s, "*") || !strcmp(s, "*:*");
	a->any_port = a->any_addr || read_net(s, &a->net);
	if (a->any_port)
		return true;
	colon = strrchr(s, ':');
	a->any_port = colon && !strcmp(colon, ":*");
	if (!colon || (!a->any_port && !read_port(p, colon + 1, UINT16_MAX, &port)))
		return wrong(p, part, &t->field);
	a->u = (uint64_t)port;
	*colon = '\0';
	a->any_addr = !*s || !strcmp(s, "*");
	if (!a->any_addr && (!read_net(s, &a->net) || (a->net.ip.v6 && *s != '[')))
		return wrong(p, part, &t->field);
	return true;
}

static bool word_value(struct parser *p, const struct term *t, const struct part *part, const char *s,
		       struct alt *a)
{
	static const char *const more[] = {"listen",    "estab",        "fin-wait", "unconnected",
					   "connected", "synchronized", "bucket",   "big"};
	const char *names[64], *word;
	size_t n = 0, i;
	int near;

	a->form = ALT_TEXT;
	if (!strcmp(t->field.name, "state")) {
		a->form = ALT_STATES;
		a->u = states_by_word(s);
		if (a->u)
			return true;
	}
	for (i = 0; (word = field_word(&t->field, i)); i++) {
		if (!*word)
			continue;
		if (a->form == ALT_TEXT && !strcasecmp(word, s))
			return true;
		if (n < ARRAY_LEN(names))
			names[n++] = word;
	}
	/* What else a state may be called is near to other words. */
	for (i = 0; a->form == ALT_STATES && i < ARRAY_LEN(more) && n < ARRAY_LEN(names); i++)
		names[n++] = more[i];
	near = text_nearest(s, names, n);
	if (near >= 0)
		return parse_fail(p, part->at, part->n, names[near], "no %s \"%s\"; did you mean %s?",
				  t->field.name, parse_quote(p, s, strlen(s)), names[near]);
	return parse_fail(p, part->at, part->n, NULL, "no %s \"%s\"; there are %s, %s, …", t->field.name,
			  parse_quote(p, s, strlen(s)), n > 0 ? names[0] : "", n > 1 ? names[1] : "");
}

/* Refuses what would cost regcomp or regexec time or memory without end. */
static const char *pattern_refusal(const char *s)
{
	unsigned long product = 1, bound;
	const char *at;
	char *end;

	if (strlen(s) > PATTERN_MAX)
		return "the pattern is too long";
	for (at = s; *at; at++) {
		if (*at == '\\' && at[1] >= '1' && at[1] <= '9')
			return "back references are not supported";
		if (*at == '\\' && at[1])
			at++;
		if (*at != '{')
			continue;
		bound = strtoul(at + 1, &end, 10);
		if (*end == ',')
			bound = end[1] == '}' ? bound + 1 : strtoul(end + 1, NULL, 10);
		bound = bound < 1 ? 1 : bound;
		if (bound > REPEAT_MAX || product * bound > REPEAT_MAX)
			return "the pattern repeats too often";
		product *= bound;
	}
	return NULL;
}

static bool regex_value(struct parser *p, const struct part *part, const char *s, struct alt *a)
{
	const char *refusal = pattern_refusal(s);
	char why[100];
	regex_t re;
	int r;

	if (refusal)
		return parse_fail(p, part->at, part->n, NULL, "%s", refusal);
	r = regcomp(&re, s, REG_EXTENDED | REG_NOSUB);
	if (r) {
		regerror(r, &re, why, sizeof(why));
		return parse_fail(p, part->at, part->n, NULL, "bad pattern: %s", why);
	}
	vec_push(&p->f->regexes, re);
	a->form = ALT_REGEX;
	a->regex = (uint32_t)p->f->regexes.n - 1;
	return true;
}

static bool bool_value(struct parser *p, const struct term *t, const struct part *part, const char *s,
		       struct alt *a)
{
	bool yes = !strcasecmp(s, "yes") || !strcasecmp(s, "true") || !strcmp(s, "1");

	if (!yes && strcasecmp(s, "no") != 0 && strcasecmp(s, "false") != 0 && strcmp(s, "0") != 0)
		return wrong(p, part, &t->field);
	a->form = ALT_RANGE;
	a->lo = a->hi = yes;
	return true;
}

static bool read_hex(const char *s, uint64_t *ret)
{
	if (s[0] != '0' || (s[1] != 'x' && s[1] != 'X'))
		return *s && !s[strspn(s, "0123456789")] && parse_u64(s, UINT64_MAX, ret) == 0;
	if (!s[2] || strlen(s) > 18 || s[2 + strspn(s + 2, "0123456789abcdefABCDEF")])
		return false;
	*ret = strtoull(s + 2, NULL, 16);
	return true;
}

static bool hex_value(struct parser *p, const struct term *t, const struct part *part, const char *s,
		      struct alt *a)
{
	const char *slash = t->field.kind == KIND_HEX32 ? strchr(s, '/') : NULL;
	char number[32];

	a->form = ALT_HEX;
	a->mask = UINT64_MAX;
	snprintf(number, sizeof(number), "%.*s", slash ? (int)(slash - s) : (int)strlen(s), s);
	if ((size_t)(slash ? slash - s : (ptrdiff_t)strlen(s)) >= sizeof(number) ||
	    !read_hex(number, &a->u) || (slash && (!read_hex(slash + 1, &a->mask) || !a->mask)))
		return wrong(p, part, &t->field);
	if (slash && t->op != OP_EQ && t->op != OP_NE)
		return parse_fail(p, part->at, part->n, NULL, "a mask goes with = and != only");
	return true;
}

/* /run/docker.sock @/tmp/.X11-unix/X0 */
static bool is_unix_name(const char *s)
{
	return *s == '/' || *s == '@';
}

static bool one_value(struct parser *p, const struct term *t, const struct part *part, struct alt *a)
{
	const char *text = str_text(&p->lex.word) + part->text;
	bool match = t->op == OP_MATCH || t->op == OP_NOMATCH;
	char s[VALUE_MAX + 1];

	if (!part->quoted && part->text_n == 4 && !strncasecmp(text, "none", 4) &&
	    (t->op == OP_EQ || t->op == OP_NE)) {
		a->form = ALT_NONE;
		return true;
	}
	if (t->field.kind == KIND_TEXT && !match) {
		a->form = ALT_TEXT;
		if (!part->quoted && !strcmp(t->field.name, "iface") && part->text_n &&
		    strspn(text, "0123456789") >= part->text_n)
			return parse_fail(p, part->at, part->n, NULL,
					  "an interface has a name here, as dev=lo");
		return true;
	}
	if (part->text_n > VALUE_MAX)
		return parse_fail(p, part->at, part->n, NULL, "the value is too long");
	memcpy(s, text, part->text_n);
	s[part->text_n] = '\0';
	if (match)
		return regex_value(p, part, s, a);
	switch ((enum kind)t->field.kind) {
	case KIND_ID:
		return id_value(p, t, part, s, a);
	case KIND_ADDR:
		if (is_unix_name(s)) {
			a->form = ALT_TEXT;
			return true;
		}
		a->form = ALT_NET;
		return read_net(s, &a->net) || wrong(p, part, &t->field);
	case KIND_ENDPOINT:
		if (is_unix_name(s)) {
			a->form = ALT_TEXT;
			return true;
		}
		return endpoint_value(p, t, part, s, a);
	case KIND_WORD:
		return word_value(p, t, part, s, a);
	case KIND_BOOL:
		return bool_value(p, t, part, s, a);
	case KIND_HEX:
	case KIND_HEX32:
		return hex_value(p, t, part, s, a);
	default:
		return number_value(p, t, part, s, a);
	}
}

static bool ordered(uint8_t kind)
{
	return kind == KIND_ID || kind == KIND_COUNT || kind == KIND_SIZE || kind == KIND_RATE ||
	       kind == KIND_DURATION || kind == KIND_MS || kind == KIND_REAL || kind == KIND_HEX ||
	       kind == KIND_HEX32 || kind == KIND_TIME;
}

static bool textual(uint8_t kind)
{
	return kind == KIND_TEXT || kind == KIND_WORD || kind == KIND_ADDR || kind == KIND_ENDPOINT;
}

/* A namespace is a number; one that is written as a word is meant by its name. */
static void by_name(const struct parser *p, struct term *t)
{
	bool match = t->op == OP_MATCH || t->op == OP_NOMATCH;
	size_t i;

	if (strcmp(t->field.name, "netns") != 0)
		return;
	for (i = 0; i < p->parts.v.n; i++) {
		const struct part *part = &p->parts.v.v[i];
		const char *s = str_text(&p->lex.word) + part->text;

		if (match || (part->text_n && strspn(s, "0123456789-") < part->text_n &&
			      !(part->text_n == 4 && !strncasecmp(s, "none", 4)))) {
			field_find("netns_name", &t->field);
			return;
		}
	}
}

bool parse_values(struct parser *p, struct term *t)
{
	const struct part *first = &p->parts.v.v[0];
	struct alt a;
	bool match;
	size_t i;

	by_name(p, t);
	if (t->op >= OP_LT && t->op <= OP_GE && !ordered(t->field.kind))
		return parse_fail(p, first->at, first->n, NULL, "%s has no order; use = or %s", t->field.name,
				  textual(t->field.kind) ? "~" : "!=");
	if ((t->op == OP_MATCH || t->op == OP_NOMATCH) && !textual(t->field.kind))
		return parse_fail(p, first->at, first->n, NULL, "%s is no text; use = < or >", t->field.name);
	t->alt = (uint32_t)p->f->alts.n;
	for (i = 0; i < p->parts.v.n; i++) {
		const struct part *part = &p->parts.v.v[i];

		if (!part->text_n && !part->quoted)
			return parse_fail(p, part->at, part->n, NULL, "expected a value beside the comma");
		a = (struct alt){
			.quoted = part->quoted, .text = (uint32_t)p->f->texts.n, .text_n = part->text_n};
		if (!one_value(p, t, part, &a))
			return false;
		str_put(&p->f->texts, str_text(&p->lex.word) + part->text, part->text_n);
		vec_push(&p->f->alts, a);
	}
	t->alt_n = (uint32_t)(p->f->alts.n - t->alt);
	match = t->op == OP_MATCH || t->op == OP_NOMATCH;
	if (field_of_owners(&t->field) || (t->field.kind == KIND_TEXT && match))
		t->memo = mem_zalloc(1, sizeof(*t->memo));
	if (t->field.kind == KIND_ADDR && match) {
		t->memo = mem_zalloc(1, sizeof(*t->memo));
		t->memo->addrs = mem_zalloc(MEMO_ADDRS, sizeof(*t->memo->addrs));
	}
	return true;
}
