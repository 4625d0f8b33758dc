/* The kernel's list of devices, as bytes: VRFs and who is in them, and lists that are cut. */
#include "explain_links.h"
#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static _Alignas(8) char buf[4096];
static size_t used;

static struct rtattr *put(struct nlmsghdr *h, uint16_t type, const void *data, size_t n)
{
	struct rtattr *a = (struct rtattr *)((char *)h + NLMSG_ALIGN(h->nlmsg_len));

	a->rta_type = type;
	a->rta_len = (uint16_t)RTA_LENGTH(n);
	if (n)
		memcpy(RTA_DATA(a), data, n);
	h->nlmsg_len = NLMSG_ALIGN(h->nlmsg_len) + RTA_ALIGN(a->rta_len);
	return a;
}

static void put_link(int index, const char *name, uint32_t master, const char *kind)
{
	struct nlmsghdr *h = (struct nlmsghdr *)(buf + used);
	struct ifinfomsg *m = NLMSG_DATA(h);

	memset(h, 0, NLMSG_SPACE(sizeof(*m)));
	h->nlmsg_len = NLMSG_LENGTH(sizeof(*m));
	h->nlmsg_type = RTM_NEWLINK;
	h->nlmsg_seq = 5;
	m->ifi_index = index;
	put(h, IFLA_IFNAME, name, strlen(name) + 1);
	if (master)
		put(h, IFLA_MASTER, &master, sizeof(master));
	if (kind) {
		struct rtattr *info = put(h, IFLA_LINKINFO, NULL, 0);

		put(h, IFLA_INFO_KIND, kind, strlen(kind) + 1);
		info->rta_len = (uint16_t)((char *)h + h->nlmsg_len - (char *)info);
	}
	used += NLMSG_ALIGN(h->nlmsg_len);
}

static void put_done(uint32_t seq)
{
	struct nlmsghdr *h = (struct nlmsghdr *)(buf + used);

	*h = (struct nlmsghdr){.nlmsg_len = NLMSG_LENGTH(0), .nlmsg_type = NLMSG_DONE, .nlmsg_seq = seq};
	used += NLMSG_ALIGN(h->nlmsg_len);
}

static void put_all(void)
{
	used = 0;
	put_link(1, "lo", 0, NULL);
	put_link(4, "eth1", 7, NULL); /* before its VRF is known */
	put_link(5, "br0", 0, "bridge");
	put_link(6, "veth0", 5, "veth"); /* a bridge is no VRF */
	put_link(7, "red", 0, "vrf");
	put_link(8, "vrfx", 0, "vrfx");
	put_link(9, "a-name-of-15-ch", 7, "dummy");
	put_done(4); /* of another request */
	put_link(10, "last", 0, NULL);
}

static void vrfs(void **state)
{
	static const struct explain_dev expect[] = {{1, "lo", 0},
						    {4, "eth1", 7},
						    {5, "br0", 0},
						    {6, "veth0", 0},
						    {7, "red", 7},
						    {8, "vrfx", 0},
						    {9, "a-name-of-15-ch", 7},
						    {10, "last", 0}};
	struct explain_facts facts = {0};
	struct explain_links links = {0};

	put_all();
	assert_int_equal(explain_links_parse(buf, used, 5, &links), 1);
	put_done(5);
	links.list.n = 0;
	assert_int_equal(explain_links_parse(buf, used, 5, &links), 0);
	explain_links_settle(&links, &facts);
	assert_int_equal(facts.devs.n, sizeof(expect) / sizeof(expect[0]));
	for (size_t i = 0; i < facts.devs.n; i++) {
		assert_int_equal(facts.devs.v[i].ifindex, expect[i].ifindex);
		assert_string_equal(facts.devs.v[i].name, expect[i].name);
		assert_int_equal(facts.devs.v[i].vrf, expect[i].vrf);
	}
	vec_done(&links.list);
	explain_facts_done(&facts);
}

/* Cut anywhere, and every byte turned: no reading past the end. */
static void hostile(void **state)
{
	put_all();
	for (size_t n = 0; n <= used; n++) {
		struct explain_links links = {0};
		char *copy = malloc(n ? n : 1);

		memcpy(copy, buf, n);
		explain_links_parse(copy, n, 5, &links);
		assert_true(links.list.n <= 8);
		vec_done(&links.list);
		free(copy);
	}
	for (size_t at = 0; at < used; at++) {
		struct explain_links links = {0};
		struct explain_facts facts = {0};
		char *copy = malloc(used);

		memcpy(copy, buf, used);
		copy[at] = (char)~copy[at];
		explain_links_parse(copy, used, 5, &links);
		explain_links_settle(&links, &facts);
		for (size_t i = 0; i < facts.devs.n; i++)
			assert_true(strnlen(facts.devs.v[i].name, 16) < 16);
		vec_done(&links.list);
		explain_facts_done(&facts);
		free(copy);
	}
}

static void refused(void **state)
{
	struct explain_links links = {0};
	struct {
		struct nlmsghdr h;
		struct nlmsgerr e;
	} m = {.h = {.nlmsg_len = sizeof(m), .nlmsg_type = NLMSG_ERROR, .nlmsg_seq = 5},
	       .e = {.error = -EPERM}};

	assert_int_equal(explain_links_parse(&m, sizeof(m), 5, &links), -EPERM);
	m.h.nlmsg_len = NLMSG_LENGTH(2);
	assert_int_equal(explain_links_parse(&m, sizeof(m), 5, &links), -EBADMSG);
	assert_int_equal(links.list.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vrfs),
		cmocka_unit_test(hostile),
		cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
