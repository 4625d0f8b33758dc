/* What cannot be seen here is said on the message line, each thing once, when it is first known: for good it stands in
 * the `limits` of list --json. */
#include "sockeye/base/text.h"
#include "ui_private.h"
#include <string.h>

/* By which way something was found hides nothing, what changed under a look is whole in the next one, and owners that are
 * hidden have a place in line 1. */
static bool worth_a_line(const struct limit *l)
{
	return strcmp(l->what, "owner-scan") != 0 && strcmp(l->reason, "interrupted") != 0 &&
	       !(!strcmp(l->what, "owners") && !strcmp(l->reason, "not-permitted"));
}

static bool is_protocol(const struct limit *l)
{
	return !strcmp(l->reason, "not-supported") && proto_by_name(l->what) >= 0;
}

/* True the first time. */
static bool first_time(struct ui *u, const struct limit *l)
{
	uint64_t hash = UINT64_C(14695981039346656037);
	uint32_t *at;

	for (const char *p = l->what; *p; p++)
		hash = (hash ^ (unsigned char)*p) * UINT64_C(1099511628211);
	hash = (hash ^ '/') * UINT64_C(1099511628211);
	for (const char *p = l->reason; *p; p++)
		hash = (hash ^ (unsigned char)*p) * UINT64_C(1099511628211);
	at = map_at(&u->limits_told, hash, 0);
	if (*at != MAP_NONE)
		return false;
	*at = 1;
	return true;
}

void ui_tell_limits(struct ui *u)
{
	const struct frame *f = u->env.f;
	struct str line = {0};

	/* One after the other, and never over something else. */
	if (!f || u->message_until || u->dialog)
		return;
	for (size_t i = 0; i < f->limits.n; i++)
		if (is_protocol(&f->limits.v[i]) && first_time(u, &f->limits.v[i]))
			str_putf(&line, "%s%s", line.n ? " or " : "",
				 proto_table[proto_by_name(f->limits.v[i].what)].title);
	if (line.n)
		ui_say(u, "This kernel lists no %s sockets: protocol not supported.", str_text(&line));
	for (size_t i = 0; i < f->limits.n && !line.n; i++) {
		const struct limit *l = &f->limits.v[i];

		if (is_protocol(l) || !worth_a_line(l) || !first_time(u, l))
			continue;
		text_put_cell(&line, l->text, strlen(l->text), u->env.ascii, sizeof(l->text));
		ui_say(u, "%s", str_text(&line));
	}
	str_done(&line);
}
