/* What the command lines of programs that forward ports say about one port. A table of programs; each parser knows
 * only as much of the options as is needed to find the addresses. */
#include "sockeye/model/forward.h"
#include <string.h>
#include <strings.h>

#define ARGS_MAX 256

struct part {
	const char *s;
	size_t n;
};
struct args {
	struct part v[ARGS_MAX];
	size_t n;
	enum proto proto;
	uint32_t port;
};

static void split(struct args *a, const char *s, size_t n)
{
	a->n = 0;
	while (n && a->n < ARGS_MAX) {
		size_t len = strnlen(s, n);

		a->v[a->n++] = (struct part){s, len};
		s += len + (len < n);
		n -= len + (len < n);
	}
}

static bool is(struct part p, const char *word)
{
	return p.n == strlen(word) && !memcmp(p.s, word, p.n);
}

static bool starts(struct part p, const char *prefix)
{
	return p.n >= strlen(prefix) && !memcmp(p.s, prefix, strlen(prefix));
}

/* Decimal, 1 to 65535; else 0. */
static uint32_t port_of(struct part p)
{
	uint32_t v = 0;

	for (size_t i = 0; i < p.n; i++) {
		if (p.s[i] < '0' || p.s[i] > '9' || v > 65535)
			return 0;
		v = v * 10 + (uint32_t)(p.s[i] - '0');
	}
	return v <= 65535 ? v : 0;
}

/* Cuts the next field off, up to `sep`; brackets hold an IPv6 address together, and are taken off. */
static struct part field(struct part *rest, char sep)
{
	struct part f = {rest->s, 0};
	bool bracket = rest->n && rest->s[0] == '[';
	const char *close = bracket ? memchr(rest->s, ']', rest->n) : NULL, *end;
	size_t from = close ? (size_t)(close - rest->s) : 0;

	end = memchr(rest->s + from, sep, rest->n - from);
	f.n = end ? (size_t)(end - rest->s) : rest->n;
	rest->s += f.n + (end ? 1 : 0);
	rest->n -= f.n + (end ? 1 : 0);
	if (close && f.n == from + 1) {
		f.s++;
		f.n -= 2;
	}
	return f;
}

/* The value of an option at *i, "-name value" or "-name=value", with one dash or two. */
static bool option(const struct args *a, size_t *i, const char *name, struct part *ret)
{
	struct part p = a->v[*i];
	size_t n = strlen(name);

	if (!p.n || p.s[0] != '-')
		return false;
	p.s += 1 + (p.n > 1 && p.s[1] == '-');
	p.n = (size_t)(a->v[*i].s + a->v[*i].n - p.s);
	if (p.n < n || memcmp(p.s, name, n))
		return false;
	if (p.n > n && p.s[n] == '=') {
		*ret = (struct part){p.s + n + 1, p.n - n - 1};
		return true;
	}
	if (p.n != n || *i + 1 >= a->n)
		return false;
	*ret = a->v[++*i];
	return true;
}

static void set_host(struct forward_target *t, struct part host, uint32_t port)
{
	t->host = host.s;
	t->host_n = host.n;
	t->port = port;
}

/* docker-proxy -proto tcp -host-ip 0.0.0.0 -host-port 5432 -container-ip 172.17.0.2 -container-port 5432 */
static bool docker_proxy(const struct args *a, struct forward_target *t)
{
	struct part proto = {"tcp", 3}, host = {0}, ip = {0}, port = {0};

	for (size_t i = 1; i < a->n; i++)
		if (!option(a, &i, "proto", &proto) && !option(a, &i, "host-port", &host) &&
		    !option(a, &i, "container-ip", &ip))
			(void)option(a, &i, "container-port", &port);
	if (port_of(host) != a->port || !is(proto, proto_table[a->proto].name) || !ip.n || !port_of(port))
		return false;
	set_host(t, ip, port_of(port));
	t->here = true;
	return true;
}

/* [bind:]port:host:hostport or [bind:]port:/path */
static bool ssh_spec(const struct args *a, struct part spec, struct forward_target *t)
{
	struct part f[4];
	size_t n = 0;

	while (n < 4 && spec.n)
		f[n++] = field(&spec, ':');
	if (spec.n || n < 2)
		return false;
	if (f[n - 1].n && f[n - 1].s[0] == '/') {
		if (port_of(f[n - 2]) != a->port)
			return false;
		set_host(t, f[n - 1], 0);
		return true;
	}
	if (n < 3 || port_of(f[n - 3]) != a->port || !port_of(f[n - 1]))
		return false;
	set_host(t, f[n - 2], port_of(f[n - 1]));
	return true;
}

/* "LocalForward=8080 db:80" or with a blank */
static bool ssh_setting(const struct args *a, struct part o, struct forward_target *t)
{
	static const char key[] = "LocalForward";
	struct part local;
	struct forward_target to = {0};
	struct part host;

	if (o.n <= sizeof(key) || strncasecmp(o.s, key, sizeof(key) - 1))
		return false;
	o.s += sizeof(key);
	o.n -= sizeof(key);
	local = field(&o, ' ');
	if (memrchr(local.s, ':', local.n)) {
		const char *colon = memrchr(local.s, ':', local.n);

		local = (struct part){colon + 1, (size_t)(local.s + local.n - colon - 1)};
	}
	if (port_of(local) != a->port)
		return false;
	host = field(&o, ':');
	if (!port_of(o))
		return false;
	set_host(&to, host, port_of(o));
	*t = to;
	return true;
}

/* ssh [options] [user@]host [command]: options as in ssh.c, main() */
static bool ssh(const struct args *a, struct forward_target *t)
{
	static const char with_value[] = "BbcDEeFIiJLlmOoPpQRSWw";
	struct part host = {0};
	bool found = false;

	for (size_t i = 1; i < a->n && !host.n; i++) {
		struct part p = a->v[i];

		if (p.n < 2 || p.s[0] != '-') {
			host = p;
			break;
		}
		for (size_t k = 1; k < p.n; k++) {
			struct part value = {p.s + k + 1, p.n - k - 1};

			if (!strchr(with_value, p.s[k]))
				continue;
			if (!value.n && i + 1 < a->n)
				value = a->v[++i];
			if (!found && p.s[k] == 'L')
				found = ssh_spec(a, value, t);
			else if (!found && p.s[k] == 'o')
				found = ssh_setting(a, value, t);
			break;
		}
	}
	if (!found)
		return false;
	t->via = host.s;
	t->via_n = host.n;
	return host.n > 0;
}

/* Is this socat address one that waits on our port? */
static bool socat_listens(const struct args *a, struct part type, struct part rest)
{
	static const char *const waits[] = {"-LISTEN", "-L", "-RECVFROM", "-RECV", "-RECVFROM-RECV"};
	static const struct {
		const char *type;
		enum proto proto;
	} types[] = {
		{"TCP", PROTO_TCP},   {"OPENSSL", PROTO_TCP},      {"SSL", PROTO_TCP},
		{"UDP", PROTO_UDP},   {"OPENSSL-DTLS", PROTO_UDP}, {"DTLS", PROTO_UDP},
		{"SCTP", PROTO_SCTP}, {"UDPLITE", PROTO_UDPLITE},  {"VSOCK", PROTO_VSOCK},
	};
	struct part port = field(&rest, ',');

	if (port_of(port) != a->port)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		size_t n = strlen(types[i].type);

		if (types[i].proto != a->proto || type.n <= n || strncasecmp(type.s, types[i].type, n))
			continue;
		if (type.s[n] == '4' || type.s[n] == '6')
			n++;
		for (size_t w = 0; w < ARRAY_LEN(waits); w++)
			if (type.n - n == strlen(waits[w]) && !strncasecmp(type.s + n, waits[w], type.n - n))
				return true;
	}
	return false;
}

static bool socat_target(struct part type, struct part rest, struct forward_target *t)
{
	static const char *const nets[] = {"TCP", "UDP", "OPENSSL", "SSL", "SCTP", "DTLS"};
	static const char *const paths[] = {
		"UNIX", "UNIX-CONNECT", "UNIX-CLIENT", "UNIX-SENDTO", "ABSTRACT-CONNECT",
		"EXEC", "SYSTEM",       "SHELL",       "OPEN",        "FILE"};
	struct part addr, host;

	for (size_t i = 0; i < ARRAY_LEN(paths); i++)
		if (type.n == strlen(paths[i]) && !strncasecmp(type.s, paths[i], type.n)) {
			addr = field(&rest, ',');
			set_host(t, addr, 0);
			return addr.n > 0;
		}
	for (size_t i = 0; i < ARRAY_LEN(nets); i++) {
		if (type.n < strlen(nets[i]) || strncasecmp(type.s, nets[i], strlen(nets[i])))
			continue;
		host = field(&rest, ':');
		addr = field(&rest, ',');
		if (!host.n || !port_of(addr))
			return false;
		set_host(t, host, port_of(addr));
		t->here = true;
		return true;
	}
	return false;
}

/* socat [options] TCP-LISTEN:8080,fork TCP:10.0.0.2:80, in either order; "!!" parts one address into two ways */
static bool socat(const struct args *a, struct forward_target *t)
{
	for (size_t i = 1; i + 1 < a->n; i++) {
		struct part one = a->v[i], two = a->v[i + 1], type1 = field(&one, ':'),
			    type2 = field(&two, ':');

		if (socat_listens(a, type1, one) && socat_target(type2, two, t))
			return true;
		if (socat_listens(a, type2, two) && socat_target(type1, one, t))
			return true;
	}
	return false;
}

/* kubectl port-forward svc/db 8080:80: options as of kubectl's root command and this one */
static bool kubectl(const struct args *a, struct forward_target *t)
{
	static const char *const with_value[] = {"-n",
						 "--namespace",
						 "--address",
						 "--context",
						 "--kubeconfig",
						 "--cluster",
						 "--user",
						 "-s",
						 "--server",
						 "--token",
						 "--as",
						 "--as-group",
						 "--cache-dir",
						 "--pod-running-timeout",
						 "--request-timeout",
						 "-v",
						 "--certificate-authority",
						 "--client-certificate",
						 "--client-key",
						 "--tls-server-name"};
	struct part what = {0}, only = {0};
	bool verb = false;
	size_t specs = 0;

	for (size_t i = 1; i < a->n; i++) {
		struct part p = a->v[i], rest, local;

		if (p.n && p.s[0] == '-') {
			for (size_t k = 0; k < ARRAY_LEN(with_value); k++)
				if (is(p, with_value[k]))
					i++;
			continue;
		}
		if (!verb) {
			verb = is(p, "port-forward");
			continue;
		}
		if (!what.n) {
			what = p;
			continue;
		}
		rest = p;
		local = field(&rest, ':');
		specs++;
		only = rest.n ? rest : local;
		if (port_of(local) == a->port) {
			set_host(t, what, port_of(only));
			return true;
		}
		if (local.n) /* ":80": the local port is any */
			only.n = 0;
	}
	if (specs != 1 || !only.n)
		return false;
	set_host(t, what, port_of(only));
	return true;
}

/* One of a list of pasta's: [address[%interface]/]first[-last][:first[-last]] */
static bool pasta_spec(const struct args *a, struct part spec, struct forward_target *t)
{
	const char *slash = memrchr(spec.s, '/', spec.n);
	struct part from, to;
	uint32_t low, high, target;

	if (slash) {
		spec.n = (size_t)(spec.s + spec.n - slash - 1);
		spec.s = slash + 1;
	}
	from = field(&spec, ':');
	to = field(&spec, '-');
	low = port_of(field(&from, '-'));
	high = from.n ? port_of(from) : low;
	if (!low || a->port < low || a->port > high)
		return false;
	target = to.n ? port_of(to) : low;
	if (!target || target + (a->port - low) > 65535)
		return false;
	set_host(t, (struct part){"", 0}, target + (a->port - low));
	return true;
}

static struct part base_name(struct part p)
{
	const char *slash = memrchr(p.s, '/', p.n);

	return slash ? (struct part){slash + 1, (size_t)(p.s + p.n - slash - 1)} : p;
}

/* pasta -t 8080:80 -u none --netns /run/netns/x: what comes in is passed on to the same program's namespace */
static bool pasta(const struct args *a, struct forward_target *t)
{
	bool udp = a->proto == PROTO_UDP, found = false;
	struct part list, netns = {0};

	if (a->proto != PROTO_TCP && !udp)
		return false;
	for (size_t i = 1; i < a->n; i++) {
		if (option(a, &i, "netns", &netns))
			continue;
		if (!option(a, &i, udp ? "u" : "t", &list) &&
		    !option(a, &i, udp ? "udp-ports" : "tcp-ports", &list))
			continue;
		while (list.n && !found) {
			struct part spec = field(&list, ',');

			found = pasta_spec(a, spec, t);
		}
	}
	netns = netns.n ? base_name(netns) : netns;
	t->netns = netns.s;
	t->netns_n = netns.n;
	t->here = true;
	return found;
}

/* rootlesskit -p [ip:]8080:80/tcp */
static bool rootlesskit(const struct args *a, struct forward_target *t)
{
	struct part spec;

	for (size_t i = 1; i < a->n; i++) {
		struct part f[3], proto = {"tcp", 3};
		size_t n = 0;

		if (!option(a, &i, "p", &spec) && !option(a, &i, "publish", &spec))
			continue;
		if (memchr(spec.s, '/', spec.n)) {
			proto = spec;
			spec = field(&proto, '/');
		}
		while (n < 3 && spec.n)
			f[n++] = field(&spec, ':');
		if (n < 2 || spec.n || port_of(f[n - 2]) != a->port || !port_of(f[n - 1]) ||
		    !starts(proto, proto_table[a->proto].name))
			continue;
		set_host(t, (struct part){"", 0}, port_of(f[n - 1]));
		t->here = true;
		return true;
	}
	return false;
}

/* By the name of the process, which is cut at 15 characters. */
static const struct forwarder {
	const char *comm;
	bool (*parse)(const struct args *a, struct forward_target *t);
} forwarders[] = {
	{"docker-proxy", docker_proxy},
	{"kubectl", kubectl},
	{"passt", pasta},
	{"passt.avx2", pasta},
	{"pasta", pasta},
	{"pasta.avx2", pasta},
	{"rootlesskit", rootlesskit},
	{"socat", socat},
	{"socat1", socat},
	{"ssh", ssh},
};

bool forward_comm(const char *comm)
{
	for (size_t i = 0; i < ARRAY_LEN(forwarders); i++)
		if (!strcmp(forwarders[i].comm, comm))
			return true;
	return false;
}

bool forward_parse(const char *comm, const char *cmdline, size_t n, enum proto proto, uint32_t port,
		   struct forward_target *ret)
{
	for (size_t i = 0; i < ARRAY_LEN(forwarders); i++) {
		struct forward_target t = {.host = ""};
		struct args a = {.proto = proto, .port = port};

		if (strcmp(forwarders[i].comm, comm))
			continue;
		split(&a, cmdline, n);
		if (!port || !forwarders[i].parse(&a, &t))
			return false;
		*ret = t;
		return true;
	}
	return false;
}
