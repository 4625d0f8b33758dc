/* The people, processes and sockets of web-1, the invented host of the tests. */
#pragma once
#include "sockeye/model/terms.h"
#include <stdint.h>

static const struct {
	uint32_t uid;
	const char *name;
} web1_users[] = {{0, "root"},      {33, "www-data"},         {102, "_rpc"},           {110, "_chrony"},
		  {112, "redis"},   {113, "grafana"},         {114, "prometheus"},     {999, "postgres"},
		  {1000, "deploy"}, {991, "systemd-resolve"}, {998, "systemd-network"}};

static const struct {
	uint32_t pid, ppid, uid;
	const char *comm, *cgroup, *cmdline, *exe;
} web1_procs[] = {
	{1, 0, 0, "systemd", "/init.scope", "/sbin/init", "/usr/lib/systemd/systemd"},
	{601, 1, 102, "rpcbind", "/system.slice/rpcbind.service", "/sbin/rpcbind -f -w", "/usr/sbin/rpcbind"},
	{603, 601, 102, "rpcbind", "/system.slice/rpcbind.service", "/sbin/rpcbind -f -w",
	 "/usr/sbin/rpcbind"},
	{618, 1, 998, "systemd-network", "/system.slice/systemd-networkd.service",
	 "/lib/systemd/systemd-networkd", "/usr/lib/systemd/systemd-networkd"},
	{640, 1, 991, "systemd-resolve", "/system.slice/systemd-resolved.service",
	 "/lib/systemd/systemd-resolved", "/usr/lib/systemd/systemd-resolved"},
	{655, 1, 110, "chronyd", "/system.slice/chrony.service", "/usr/sbin/chronyd -F 1",
	 "/usr/sbin/chronyd"},
	{733, 1, 0, "tailscaled", "/system.slice/tailscaled.service", "/usr/sbin/tailscaled --port=41641",
	 "/usr/sbin/tailscaled"},
	{812, 1, 0, "sshd", "/system.slice/ssh.service", "sshd: /usr/sbin/sshd -D", "/usr/sbin/sshd"},
	{921, 1, 112, "redis-server", "/system.slice/redis-server.service",
	 "/usr/bin/redis-server 127.0.0.1:6379", "/usr/bin/redis-check-rdb"},
	{977, 1, 114, "node_exporter", "/system.slice/node-exporter.service", "/usr/bin/node_exporter",
	 "/usr/bin/node_exporter"},
	{1044, 1, 0, "nginx", "/system.slice/nginx.service",
	 "nginx: master process /usr/sbin/nginx -g daemon on; master_process on;", "/usr/sbin/nginx"},
	{1045, 1044, 33, "nginx", "/system.slice/nginx.service", "nginx: worker process", "/usr/sbin/nginx"},
	{1046, 1044, 33, "nginx", "/system.slice/nginx.service", "nginx: worker process", "/usr/sbin/nginx"},
	{1047, 1044, 33, "nginx", "/system.slice/nginx.service", "nginx: worker process", "/usr/sbin/nginx"},
	{1048, 1044, 33, "nginx", "/system.slice/nginx.service", "nginx: worker process", "/usr/sbin/nginx"},
	{1190, 1, 0, "master", "/system.slice/system-postfix.slice/postfix@-.service",
	 "/usr/lib/postfix/sbin/master -w", "/usr/lib/postfix/sbin/master"},
	{1333, 1, 113, "grafana", "/system.slice/grafana-server.service",
	 "/usr/share/grafana/bin/grafana server", "/usr/share/grafana/bin/grafana"},
	{2290, 1, 1000, "python3", "/system.slice/worker.service", "/usr/bin/python3 -m worker",
	 "/usr/bin/python3.11"},
	{20311, 1, 0, "docker-proxy", "/system.slice/docker.service",
	 "/usr/bin/docker-proxy -proto tcp -host-ip 0.0.0.0 -host-port 5432 -container-ip 172.17.0.2 "
	 "-container-port 5432",
	 "/usr/bin/docker-proxy"},
	{20318, 1, 0, "docker-proxy", "/system.slice/docker.service",
	 "/usr/bin/docker-proxy -proto tcp -host-ip :: -host-port 5432 -container-ip 172.17.0.2 "
	 "-container-port 5432",
	 "/usr/bin/docker-proxy"},
	{21877, 1, 1000, "node", "/system.slice/api.service", "/usr/bin/node /srv/api/server.js --port 8080",
	 "/usr/bin/node"},
	{30555, 30991, 1000, "python3", "/user.slice/user-1000.slice/session-4.scope",
	 "python3 -m http.server 8081 --bind 127.0.0.1", "/usr/bin/python3.11"},
	{30990, 812, 0, "sshd", "/user.slice/user-1000.slice/session-4.scope", "sshd: deploy [priv]",
	 "/usr/sbin/sshd"},
	{30991, 30990, 1000, "sshd", "/user.slice/user-1000.slice/session-4.scope", "sshd: deploy@pts/0",
	 "/usr/sbin/sshd"},
};
#define WEB1_DB "/system.slice/docker-4f2a9c0d1e8b7a6f5e4d3c2b1a0f9e8d7c6b5a4f3e2d1c0b9a8f7e6d5c4b3a2f.scope"

static const struct { /* listening and bound: everything with a row in Ports but 443 */
	uint8_t proto, state, netns;
	const char *local;
	uint32_t pid, pid2; /* 0: nobody (kernel) */
	int32_t fd;
	uint32_t limit;
} web1_ports[] = {
	{PROTO_TCP, STATE_LISTENING, 0, "0.0.0.0:22", 812, 0, 3, 128},
	{PROTO_TCP, STATE_LISTENING, 0, "[::]:22", 812, 0, 4, 128},
	{PROTO_TCP, STATE_LISTENING, 0, "127.0.0.1:25", 1190, 0, 13, 100},
	{PROTO_UDP, STATE_UNCONN, 0, "127.0.0.53:53", 640, 0, 16, 0},
	{PROTO_TCP, STATE_LISTENING, 0, "127.0.0.53:53", 640, 0, 17, 4096},
	{PROTO_UDP, STATE_UNCONN, 0, "10.0.0.5:68", 618, 0, 20, 0},
	{PROTO_TCP, STATE_LISTENING, 0, "0.0.0.0:80", 1044, 0, 6, 511},
	{PROTO_TCP, STATE_LISTENING, 0, "[::]:80", 1044, 0, 7, 511},
	{PROTO_TCP, STATE_LISTENING, 0, "0.0.0.0:111", 601, 603, 4, 4096},
	{PROTO_TCP, STATE_LISTENING, 0, "[::]:111", 601, 603, 5, 4096},
	{PROTO_UDP, STATE_UNCONN, 0, "0.0.0.0:123", 655, 0, 7, 0},
	{PROTO_UDP, STATE_UNCONN, 0, "[::]:123", 655, 0, 8, 0},
	{PROTO_UDP, STATE_UNCONN, 0, "*:443", 1044, 0, 8, 0},
	{PROTO_TCP, STATE_LISTENING, 0, "*:2049", 0, 0, -1, 64},
	{PROTO_TCP, STATE_LISTENING, 0, "127.0.0.1:3000", 1333, 0, 11, 4096},
	{PROTO_UDP, STATE_UNCONN, 0, "*:4789", 0, 0, -1, 0},
	{PROTO_TCP, STATE_LISTENING, 0, "0.0.0.0:5432", 20311, 0, 4, 4096},
	{PROTO_TCP, STATE_LISTENING, 0, "[::]:5432", 20318, 0, 4, 4096},
	{PROTO_TCP, STATE_LISTENING, 0, "127.0.0.1:6379", 921, 0, 6, 511},
	{PROTO_TCP, STATE_LISTENING, 0, "*:8080", 21877, 0, 18, 511},
	{PROTO_TCP, STATE_LISTENING, 0, "*:9100", 977, 0, 3, 4096},
	{PROTO_TCP, STATE_LISTENING, 0, "127.0.0.1:9229", 21877, 0, 19, 511},
	{PROTO_UDP, STATE_UNCONN, 0, "0.0.0.0:41641", 733, 0, 9, 0},
	{PROTO_UDP, STATE_UNCONN, 0, "[::]:41641", 733, 0, 10, 0},
	{PROTO_UDP, STATE_UNCONN, 0, "*:51820", 0, 0, -1, 0},
};

static const struct { /* connections: n of them, remote ports from rport on, all owned by pid */
	uint8_t netns;
	const char *laddr;
	uint32_t lport, lstep; /* lstep: local ports go up, as clients' do */
	const char *raddr;
	uint32_t rport, rstep;
	uint32_t n, pid;
	int32_t fd;
	double rx, tx; /* of each */
} web1_conns[] = {
	{0, "10.0.0.5", 22, 0, "10.0.0.9", 60022, 2, 2, 30991, 4, 0, 600},
	{0, "10.0.0.5", 80, 0, "198.51.100.30", 40000, 1, 150, 1045, 100, 5600, 37000},
	{0, "10.0.0.5", 80, 0, "10.0.0.40", 41000, 1, 61, 1047, 300, 5700, 46000},
	{0, "[::ffff:10.0.0.5]", 443, 0, "[::ffff:203.0.113.77]", 51234, 1, 1, 1047, 600, 1900000, 2200000},
	{0, "[2001:db8:1::5]", 443, 0, "[2001:db8:4::17]", 50112, 1, 1, 1045, 601, 90000, 322000},
	{0, "[2001:db8:1::5]", 443, 0, "[2001:db8:4::17]", 50113, 1, 30, 1045, 610, 3000, 4000},
	{0, "[::ffff:10.0.0.5]", 443, 0, "[::ffff:203.0.113.77]", 51235, 1, 154, 1047, 700, 8000, 9000},
	{0, "[::ffff:10.0.0.5]", 443, 0, "[::ffff:203.0.113.77]", 53000, 1, 128, 1045, 700, 2000, 5000},
	{0, "[::ffff:10.0.0.5]", 443, 0, "[::ffff:203.0.113.77]", 54000, 1, 129, 1048, 900, 2000, 5000},
	{0, "[::ffff:10.0.0.5]", 443, 0, "[::ffff:10.0.0.7]", 55000, 1, 16, 1048, 1100, 100, 1000},
	{0, "[::ffff:10.0.0.5]", 443, 0, "[::ffff:198.51.100.9]", 56000, 1, 12, 1048, 1200, 1000, 9000},
	{0, "[::ffff:10.0.0.5]", 2049, 0, "[::ffff:10.0.0.31]", 700, 1, 2, 0, -1, 0, 0},
	{0, "127.0.0.1", 3000, 0, "127.0.0.1", 46000, 1, 4, 1333, 20, 40, 700},
	{0, "127.0.0.1", 46000, 1, "127.0.0.1", 3000, 0, 4, 1045, 1300, 700, 40},
	{1, "[::ffff:172.17.0.2]", 5432, 0, "[::ffff:10.0.0.20]", 42000, 1, 42, 21003, 9, 300, 2000},
	{0, "127.0.0.1", 6379, 0, "127.0.0.1", 47000, 1, 18, 921, 30, 110, 20},
	{0, "127.0.0.1", 47000, 1, "127.0.0.1", 6379, 0, 18, 2290, 7, 20, 110},
	{0, "[::ffff:10.0.0.5]", 8080, 0, "[::ffff:10.0.0.7]", 43000, 1, 12, 21877, 40, 80, 250},
	{0, "[::ffff:127.0.0.1]", 8080, 0, "[::ffff:127.0.0.1]", 45000, 1, 5, 21877, 60, 2, 40},
	{0, "127.0.0.1", 45000, 1, "127.0.0.1", 8080, 0, 5, 1047, 1400, 40, 2},
	{0, "[::ffff:10.0.0.5]", 9100, 0, "[::ffff:10.0.0.9]", 48000, 1, 1, 977, 8, 0, 0},
	{0, "10.0.0.5", 38620, 1, "10.0.0.7", 5432, 0, 35, 21877, 70, 340, 30},
	{0, "10.0.0.5", 50000, 1, "10.0.0.8", 8000, 0, 230, 1048, 1500, 30, 10},
};

static const struct {
	const char *comm, *cgroup, *cmdline;
} web1_hostile[] = {
	{"\x1b[31mred\x1b[0m", "/system.slice/\x1b]0;title\x07.service",
	 "/bin/red \x1b[2J \x1b]52;c;ZXZpbA==\x07"},
	{"a)\n S 1 (b", "/system.slice/new\nline.service", "a\nb\rc\td"},
	{"\xff\xfe", "/system.slice/\xff.service", "\xc3\x28 \xe2\x82"},
	{"\xe2\x80\xae"
	 "evil\xe2\x80\xac",
	 "/system.slice/\xe2\x80\xae.service",
	 "\xe2\x80\xae"
	 "exe.txt"},
	{"\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe3\x82\xb5\xe3\x83\xbc",
	 "/system.slice/\xe6\x97\xa5\xe6\x9c\xac.service", "\xe6\x97\xa5\xe6\x9c\xac"},
	{"", "", ""},
	{"=cmd|'/C calc'!A", "/system.slice/=1+1.service", "=1+1"},
};
