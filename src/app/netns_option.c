/* Turns the word after -N into what collect is asked for, or into a complaint that says what there is. */
#include "netns_option.h"

int netns_option(const struct options *o, enum want_netns not_given, struct want *ret,
		 struct netns_choice *ret_choice)
{
	struct netns_choice c = {.want = (uint8_t)not_given};
	struct str err = {0};
	int r = o->netns ? netns_resolve("/proc", o->netns, &c, &err) : 0;

	if (r < 0) {
		complain("-N: %s", str_text(&err));
	} else {
		ret->netns = c.want;
		ret->netns_inode = c.inode;
		if (ret_choice)
			*ret_choice = c;
	}
	str_done(&err);
	return r;
}
