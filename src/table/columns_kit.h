/* What the getters of the column tables share: setting values, owners, endpoints, users. */
#pragma once
#include "sockeye/model/finding.h"
#include "sockeye/model/frame.h"
#include "sockeye/table/column.h"
#include <math.h>
#include <string.h>

#define CELL_BYTES 4096 /* of a foreign text that a cell reads at most */

static inline void v_null(struct value *v, enum null_why why)
{
	*v = (struct value){.null = (uint8_t)why};
}
static inline void v_na(struct value *v)
{
	v_null(v, NULL_NA);
}
static inline void v_unknown(struct value *v)
{
	v_null(v, NULL_UNKNOWN);
}
static inline void v_int(struct value *v, uint64_t i)
{
	*v = (struct value){.i = (int64_t)i};
}
static inline void v_hex(struct value *v, uint64_t u)
{
	*v = (struct value){.u = u};
}
static inline void v_real(struct value *v, double d)
{
	if (isfinite(d))
		*v = (struct value){.d = d};
	else
		v_unknown(v);
}
static inline void v_str(struct value *v, const char *s, size_t n)
{
	*v = (struct value){.s = s, .s_n = (uint32_t)n};
}
/* A word of our own; an empty one does not apply. */
static inline void v_word(struct value *v, int i, const char *s)
{
	if (!s || !*s) {
		v_na(v);
		return;
	}
	*v = (struct value){.i = i, .s = s, .s_n = (uint32_t)strlen(s)};
}
static inline void v_ip(struct value *v, const uint8_t b[16], bool v6)
{
	*v = (struct value){.ip.v6 = v6};
	memcpy(v->ip.b, b, 16);
}
/* An interned text; the empty one does not apply. */
void v_name(struct value *v, const struct frame *f, uint32_t id);
void v_user(struct value *v, const struct frame *f, uint32_t uid);
/* The part of a unit name that is a container ("docker:db"), else NA. */
void v_container(struct value *v, const struct frame *f, uint32_t unit);
void v_command(struct value *v, const struct late *l, enum late_what what);
void v_netns(struct value *v, const struct frame *f, uint16_t netns);
void v_netns_name(struct value *v, const struct frame *f, uint16_t netns);

static inline const struct tally *ctx_tally(const struct ctx *c)
{
	return c->tally ? c->tally : &c->f->tally;
}
/* The tally's row, or an all-zero one with unknown rates; never NULL. */
const struct count *ctx_port_count(const struct ctx *c, uint32_t row);
const struct count *ctx_proc_count(const struct ctx *c, uint32_t row);
/* A summed rate of a row: NAN is 0 where nothing could flow, and NA where nothing is measured (UDP). */
void v_sum_rate(struct value *v, const struct frame *f, const struct count *n, float rate);

static inline const char *ctx_dots(const struct ctx *c)
{
	return c->ascii ? "~" : "…";
}
void put_name(const struct ctx *c, struct str *out, uint32_t id); /* interned, safe */
void put_reason(const struct ctx *c, struct str *out, const char *what); /* ‹what› */
/* Text and style of an empty value. */
void put_null(const struct ctx *c, enum null_why why, struct str *out, uint8_t *ret_style);
/* "nginx" "nginx ×5" "systemd +1" of n processes; same: all have the first one's name. */
void put_several(const struct ctx *c, struct str *out, const char *safe_name, uint32_t n, bool same);
void put_addr(struct str *out, const struct ip *ip, bool brackets); /* mapped as dotted IPv4 */
/* A protocol in a cell of this width. */
void put_proto(struct str *out, uint8_t proto, unsigned width);
void put_unit(const struct ctx *c, struct str *out, uint32_t unit);
/* An endpoint in at most `width` cells; the port is never cut. */
void fit_endpoint(const struct ctx *c, const char *addr, bool brackets, uint32_t port, unsigned width,
		  struct str *out);
/* A graph of the ring's rx+tx, newest at the right. */
void put_activity(const struct ctx *c, uint32_t ring, unsigned width, struct str *out, uint8_t *ret_style);

void json_value_text(struct str *out, const struct value *v, uint8_t kind); /* null or a string */
/* {"pid":…,"fd":…,"process":…,…} ; fd < -1: null */
void json_owner(const struct frame *f, struct str *out, uint32_t proc, int32_t fd, bool former);
/* any: the row says that there are some. */
void json_findings(const struct frame *f, enum finding_on on, uint32_t row, bool any, struct str *out);
/* The keys of the rules that apply, separated by a space. */
void cell_findings_on(const struct frame *f, enum finding_on on, uint32_t row, struct str *out,
		      uint8_t *ret_style);
/* A duration cell of what may have begun before our first look: `≥2h`, unknown in raw mode. */
void put_age(const struct ctx *c, double seen_s, bool at_least, struct str *out, uint8_t *ret_style);
/* A namespace by name, else by inode. */
void put_netns(const struct ctx *c, uint16_t netns, struct str *out, uint8_t *ret_style);
/* A composite cell as a JSON string. */
void json_cell(const struct ctx *c, uint32_t row,
	       void (*cell)(const struct ctx *, uint32_t, struct str *, uint8_t *), struct str *out);
void json_quoted(struct str *out, const char *ours); /* a text that needs no escapes */

/* Words of sockets that no other table spells. */
extern const char *const family_names[FAMILY_N];
#define TIMERS_N 6
extern const char *const timer_names[TIMERS_N]; /* by idiag_timer; the last one stands for all further */

/* A column's functions, as the tables name them. */
#define GET(name) static void get_##name(const struct ctx *c, uint32_t row, struct value *v)
#define CELL(name)                                                                                           \
	static void cell_##name(const struct ctx *c, uint32_t row, struct str *out, uint8_t *ret_style)
#define FIT(name)                                                                                            \
	static void fit_##name(const struct ctx *c, uint32_t row, unsigned width, struct str *out,           \
			       uint8_t *ret_style)
#define JSON(name) static void json_##name(const struct ctx *c, uint32_t row, struct str *out)
/* Sets of column flags that come often. */
#define D COL_DATA
#define R COL_RIGHT
#define RD (COL_RIGHT | COL_DESC)
#define LIVE (COL_RIGHT | COL_DESC | COL_LIVE)

/* The tables, one file each. */
extern const struct column columns_sock[], columns_port[], columns_proc[];
extern const size_t columns_sock_n, columns_port_n, columns_proc_n;
