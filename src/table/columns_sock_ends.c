/* The two ends of a socket, as values and as cells: addresses with ports, and the names of the families that
 * have neither. */
#include "columns_sock.h"
#include "sockeye/base/text.h"

/* Names of IP protocols for raw sockets, as /etc/protocols has them. */
static const struct {
	uint8_t number;
	const char *name;
} ip_protocols[] = {
	{1, "icmp"},  {2, "igmp"},   {4, "ipip"},   {6, "tcp"},        {17, "udp"},
	{47, "gre"},  {50, "esp"},   {51, "ah"},    {58, "ipv6-icmp"}, {89, "ospf"},
	{103, "pim"}, {112, "vrrp"}, {132, "sctp"}, {255, "raw"},
};

static const char *ip_protocol(uint32_t number)
{
	for (size_t i = 0; i < ARRAY_LEN(ip_protocols); i++)
		if (ip_protocols[i].number == number)
			return ip_protocols[i].name;
	return NULL;
}

/* Has it a port of its own, in the word's widest sense? */
static bool has_port(const struct sock *s)
{
	return proto_table[s->proto].ports || s->family == FAMILY_NETLINK;
}

/* The name of an end of a family without ip; 0: it has none. A unix socket's remote name is that of the other
 * end, which is what getpeername() says. */
static uint32_t name_of(const struct ctx *c, uint32_t row, bool remote)
{
	const struct sock *s = sock(c, row);
	uint32_t peer = extra(c, row)->peer;

	if (!remote)
		return s->lname;
	if (s->family == FAMILY_UNIX)
		return peer < c->f->rows_n && frame_sock(c->f, peer)->family == FAMILY_UNIX
			       ? frame_sock(c->f, peer)->lname
			       : 0;
	return s->family == FAMILY_VSOCK ? s->rname : 0;
}

SOCK_GET(laddr)
{
	const struct sock *s = sock(c, row);

	if (has_ip(s))
		v_ip(v, s->laddr, s->family == FAMILY_IPV6);
	else
		v_name(v, c->f, name_of(c, row, false));
}
SOCK_GET(lport)
{
	const struct sock *s = sock(c, row);

	if (has_port(s) && (s->lport || s->family == FAMILY_NETLINK))
		v_int(v, s->lport);
	else
		v_na(v);
}
SOCK_GET(local)
{
	sock_get_laddr(c, row, v);
	v->port = has_port(sock(c, row)) ? sock(c, row)->lport : NO_PORT;
}
SOCK_GET(raddr)
{
	const struct sock *s = sock(c, row);

	if (!has_ip(s))
		v_name(v, c->f, name_of(c, row, true));
	else if (has_remote(s))
		v_ip(v, s->raddr, s->family == FAMILY_IPV6);
	else
		v_na(v);
}
SOCK_GET(rport)
{
	const struct sock *s = sock(c, row);

	if ((has_remote(s) || s->family == FAMILY_VSOCK) && proto_table[s->proto].ports && s->rport)
		v_int(v, s->rport);
	else
		v_na(v);
}
SOCK_GET(remote)
{
	sock_get_raddr(c, row, v);
	v->port = proto_table[sock(c, row)->proto].ports ? sock(c, row)->rport : NO_PORT;
}

/* The address of an end as cells show it; true: it wants brackets before a port. */
static bool end_text(const struct sock *s, const uint8_t addr[16], struct str *out)
{
	struct ip raw = {.v6 = s->family == FAMILY_IPV6}, ip;

	memcpy(raw.b, addr, 16);
	if (raw.v6 && !connected(s) && ip_is_any(addr, true) && !(s->flags & SOCK_V6ONLY) &&
	    proto_table[s->proto].ports) {
		str_putc(out, '*'); /* takes IPv4 as well */
		return false;
	}
	ip_unmap(raw.b, raw.v6, &ip);
	put_addr(out, &ip, false);
	return ip.v6;
}

/* A raw socket has the IP protocol where others have a port. */
static void fit_raw(const struct ctx *c, const struct sock *s, struct str *addr, bool brackets,
		    unsigned width, struct str *out)
{
	const char *name = ip_protocol(s->lport);
	struct str text = {0};

	str_putf(&text, brackets ? "[%s]:" : "%s:", str_text(addr));
	if (name)
		str_puts(&text, name);
	else
		str_put_u64(&text, s->lport);
	text_put_clip_middle(out, str_text(&text), (int)width, ctx_dots(c));
	str_done(&text);
}

static void fit_ip(const struct ctx *c, const struct sock *s, bool remote, unsigned width, struct str *out)
{
	struct str text = {0};
	bool brackets = end_text(s, remote ? s->raddr : s->laddr, &text);
	uint32_t port = remote ? s->rport : s->lport;

	if (s->proto == PROTO_RAW && !remote)
		fit_raw(c, s, &text, brackets, width, out);
	else if (!proto_table[s->proto].ports && !port)
		text_put_clip_middle(out, str_text(&text), (int)width, ctx_dots(c));
	else
		fit_endpoint(c, str_text(&text), brackets, port, width, out);
	str_done(&text);
}

static void fit_name(const struct ctx *c, uint32_t row, bool remote, unsigned width, struct str *out)
{
	const struct sock *s = sock(c, row);
	uint32_t name = name_of(c, row, remote), port = remote ? s->rport : s->lport;
	struct str text = {0};

	put_name(c, &text, name);
	if (has_port(s) && name && (!remote || s->family == FAMILY_VSOCK))
		fit_endpoint(c, str_text(&text), false, port, width, out);
	else
		text_put_clip_middle(out, str_text(&text), (int)width, ctx_dots(c));
	str_done(&text);
}

static void fit_end(const struct ctx *c, uint32_t row, bool remote, unsigned width, struct str *out)
{
	const struct sock *s = sock(c, row);

	if (!has_ip(s))
		fit_name(c, row, remote, width, out);
	else if (!remote || has_remote(s))
		fit_ip(c, s, remote, width, out);
}

SOCK_CELL(local)
{
	fit_end(c, row, false, 1000, out);
}
/* Below it most addresses would be cut: the port alone says more, and so in every row alike. */
#define LOCAL_WITH_ADDRESS 14
SOCK_FIT(local)
{
	const struct sock *s = sock(c, row);
	struct str whole = {0};
	bool fits;

	if (c->raw_numbers) { /* nothing is cut if that can be helped */
		fit_end(c, row, false, 1000, &whole);
		fits = text_width(str_text(&whole)) <= (int)width;
		if (fits)
			str_put(out, whole.s, whole.n);
		str_done(&whole);
		if (fits)
			return;
	}
	if (width < LOCAL_WITH_ADDRESS && s->lport && has_ip(s) && s->proto != PROTO_RAW) {
		str_puts(out, width < 6 ? "" : ":");
		str_put_u64(out, s->lport);
	} else {
		fit_end(c, row, false, width, out);
	}
}
/* By name where one is known; false: it has to be the address. */
static bool fit_host(const struct ctx *c, uint32_t row, bool want, unsigned width, struct str *out)
{
	const struct sock *s = sock(c, row);
	struct str safe = {0};
	const char *name;
	struct ip ip;

	if (!c->hosts || c->raw_numbers || !has_ip(s) || !has_remote(s))
		return false;
	ip_unmap(s->raddr, s->family == FAMILY_IPV6, &ip);
	name = hosts_name(c->hosts, &ip, want);
	if (!name)
		return false;
	text_put_cell(&safe, name, strlen(name), c->ascii, 256);
	if (proto_table[s->proto].ports)
		fit_endpoint(c, str_text(&safe), false, s->rport, width, out);
	else
		text_put_clip_middle(out, str_text(&safe), (int)width, ctx_dots(c));
	str_done(&safe);
	return true;
}

#define YOU " you"
static void fit_remote(const struct ctx *c, uint32_t row, bool want, unsigned width, struct str *out,
		       uint8_t *ret_style)
{
	bool you = c->own_row == row + 1 && width >= 12;

	width -= you ? (unsigned)strlen(YOU) : 0;
	if (!fit_host(c, row, want, width, out))
		fit_end(c, row, true, width, out);
	if (you) {
		str_puts(out, YOU);
		*ret_style = STYLE_KEY;
	}
}

SOCK_CELL(remote)
{
	fit_remote(c, row, false, 1000, out, ret_style);
}
SOCK_FIT(remote)
{
	fit_remote(c, row, true, width, out, ret_style);
}
