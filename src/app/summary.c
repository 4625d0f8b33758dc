/* sockeye list --summary: one look at every protocol, counted. */
#include "summary.h"
#include "look_once.h"
#include "netns_option.h"
#include "print.h"
#include "sockeye/report/report.h"
#include "sockeye/table/summary.h"
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

static int print(const struct look_once *l, const struct summary *s, const struct options *o)
{
	struct utsname name = {0};
	struct report_opts ro = {
		.format = o->format,
		.header = o->header,
		.ascii = o->ascii || MB_CUR_MAX == 1,
		.host = name.nodename,
		.kernel = name.release,
	};
	int r;

	uname(&name);
	r = report_summary(stdout, s, &l->frame, &ro);
	if (r < 0)
		return print_failed(-r);
	for (size_t i = 0; isatty(STDERR_FILENO) && i < l->frame.limits.n; i++)
		if (filter_needs_limit(l->filter, &l->frame.limits.v[i]))
			complain("%s", l->frame.limits.v[i].text);
	return s->socks ? 0 : 1;
}

int cmd_summary(const struct options *o)
{
	struct look_once l = {0};
	struct summary s = {0};
	struct want want = {0};
	int code = 2;

	signal(SIGPIPE, SIG_IGN);
	summary_want(&want);
	if (netns_option(o, WANT_NETNS_ALL, &want, NULL) == 0 &&
	    look_once_told(&l, look_once_open(&l, o->filter)) == 0) {
		filter_want(l.filter, &want);
		want.states = STATES_ALL;
		if (look_once_told(&l, look_once_take(&l, &want)) == 0) {
			if (l.filter && !filter_empty(l.filter))
				look_once_late(&l);
			summary_make(&s, &l.frame, l.filter);
			code = print(&l, &s, o);
		}
	}
	summary_done(&s);
	look_once_done(&l);
	return code;
}
