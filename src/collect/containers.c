/* Finds what people call a container: its cgroup has a number only, but every runtime keeps a file that says the
 * name. Each is read once for a container, its size is limited, and nothing that could hang is opened. */
#include "containers.h"
#include "json_walk.h"
#include "sockeye/base/ip.h"
#include "sockeye/base/map.h"
#include "sockeye/base/str.h"
#include "sockeye/model/unit.h"
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ID_N 64
#define NAME_MAX_N 255
#define FILE_MAX (4u * 1024 * 1024)
#define READS_A_LOOK 8 /* once the first look is over */
#define TRIES_MAX 3 /* a container can be seen before its file is written */
#define AGAIN_NS 5000000000ull

struct found { /* what a file says */
	struct str name;
	struct ip addr;
	bool has_addr;
	const char *id; /* ID_N digits */
	bool of_id; /* in a list of containers: this one is meant */
};
struct known { /* a container */
	char id[ID_N + 1];
	const char *label;
	uint32_t name; /* interned; 0: not known */
	uint8_t addr[16];
	bool has_addr;
	unsigned tries;
	uint64_t again_ns; /* when to try next */
};
struct member { /* a cgroup in one */
	uint32_t cgroup;
	uint32_t known; /* index */
};
struct containers {
	struct intern *names; /* borrowed */
	char *root, *home; /* owned; home: this user's, "" unknown */
	struct map cgroups; /* interned path → index into members, NOT_IN_ONE */
	struct map ids; /* first 32 digits → index into known */
	VEC(struct known) known;
	VEC(struct member) members;
	bool first_over;
};
#define NOT_IN_ONE (MAP_NONE - 1)

/* ---- what the files say ---- */

static void take_name(struct found *f, const struct json_string *s)
{
	size_t skip = s->n && s->s[0] == '/'; /* docker's names are paths */

	if (!f->name.n && s->n > skip)
		str_put(&f->name, s->s + skip, s->n - skip < NAME_MAX_N ? s->n - skip : NAME_MAX_N);
}

/* {"Name":"/db","NetworkSettings":{"Networks":{"bridge":{"IPAddress":"172.17.0.2"}}}} */
static bool docker_string(void *arg, const struct json_string *s)
{
	struct found *f = arg;

	if (s->depth == 1 && json_key_is(s, 0, "Name"))
		take_name(f, s);
	if (s->depth == 4 && !f->has_addr && json_key_is(s, 0, "NetworkSettings") &&
	    json_key_is(s, 1, "Networks") && json_key_is(s, 3, "IPAddress"))
		f->has_addr = !ip_parse(s->s, &f->addr) && !f->addr.v6;
	return true;
}

/* [{"id":"…","names":["db"]}] */
static bool storage_string(void *arg, const struct json_string *s)
{
	struct found *f = arg;

	if (s->depth == 2 && json_key_is(s, 1, "id"))
		f->of_id = s->n == ID_N && !memcmp(s->s, f->id, ID_N);
	if (s->depth == 3 && f->of_id && json_key_is(s, 1, "names"))
		take_name(f, s);
	return !f->name.n;
}

/* {"annotations":{"io.kubernetes.cri.container-name":"web"}} */
static bool bundle_string(void *arg, const struct json_string *s)
{
	static const char *const keys[] = {"io.kubernetes.cri.container-name", "io.kubernetes.container.name",
					   "nerdctl\\/name", "nerdctl/name"};
	struct found *f = arg;

	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (s->depth == 2 && json_key_is(s, 0, "annotations") && json_key_is(s, 1, keys[i]))
			take_name(f, s);
	return !f->name.n;
}

/* Where to look. kube: a pod's container whose runtime its path does not tell. %h: this user's home, %i: the id. */
static const struct place {
	const char *labels; /* of unit names, parted by blanks */
	const char *path;
	json_string_fn fn;
} places[] = {
	{"docker kube", "/var/lib/docker/containers/%i/config.v2.json", docker_string},
	{"podman crio kube", "/var/lib/containers/storage/overlay-containers/containers.json",
	 storage_string},
	{"podman crio kube", "/run/containers/storage/overlay-containers/volatile-containers.json",
	 storage_string},
	{"podman", "%h/.local/share/containers/storage/overlay-containers/containers.json", storage_string},
	{"docker", "%h/.local/share/docker/containers/%i/config.v2.json", docker_string},
	{"crio kube", "/run/containers/storage/overlay-containers/%i/userdata/config.json", bundle_string},
	{"containerd kube", "/run/containerd/io.containerd.runtime.v2.task/k8s.io/%i/config.json",
	 bundle_string},
	{"containerd kube", "/run/k3s/containerd/io.containerd.runtime.v2.task/k8s.io/%i/config.json",
	 bundle_string},
	{"containerd", "/run/containerd/io.containerd.runtime.v2.task/default/%i/config.json", bundle_string},
};

static bool has_word(const char *words, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = words; (p = strstr(p, word)); p += n)
		if ((p == words || p[-1] == ' ') && (p[n] == ' ' || !p[n]))
			return true;
	return false;
}

/* Empty when the place needs a home and there is none. */
static void put_path(const struct containers *c, const char *form, const char *id, struct str *out)
{
	str_clear(out);
	str_puts(out, c->root);
	for (; *form; form++) {
		if (form[0] != '%')
			str_putc(out, *form);
		else if (*++form == 'i')
			str_put(out, id, ID_N);
		else if (*c->home)
			str_puts(out, c->home);
		else {
			str_clear(out);
			return;
		}
	}
}

/* A plain file of a sensible size, or nothing. */
static char *read_plain(const char *path, size_t *ret_n)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
	struct stat st;
	size_t n = 0;
	ssize_t got = 0;
	char *buf;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size <= 0 || st.st_size > (off_t)FILE_MAX) {
		close(fd);
		return NULL;
	}
	buf = mem_alloc((size_t)st.st_size, 1);
	while (n < (size_t)st.st_size && (got = read(fd, buf + n, (size_t)st.st_size - n)) > 0)
		n += (size_t)got;
	close(fd);
	*ret_n = n;
	return buf;
}

static void read_name(struct containers *c, struct known *k)
{
	struct str path = {0};

	for (size_t i = 0; i < ARRAY_LEN(places) && !k->name; i++) {
		struct found f = {.id = k->id};
		size_t n = 0;
		char *text;

		if (!has_word(places[i].labels, k->label))
			continue;
		put_path(c, places[i].path, k->id, &path);
		text = path.n ? read_plain(str_text(&path), &n) : NULL;
		if (text)
			(void)json_walk(text, n, places[i].fn, &f); /* what stands before an error will do */
		if (f.name.n)
			k->name = intern_add(c->names, str_text(&f.name), f.name.n);
		if (f.has_addr) {
			memcpy(k->addr, f.addr.b, 16);
			k->has_addr = true;
		}
		str_done(&f.name);
		free(text);
	}
	str_done(&path);
}

/* ---- who is in one ---- */

static uint64_t hex_word(const char *s)
{
	uint64_t v = 0;

	for (int i = 0; i < 16; i++)
		v = v << 4 | (uint64_t)(s[i] <= '9' ? s[i] - '0' : s[i] - 'a' + 10);
	return v;
}

static uint32_t know(struct containers *c, const char *label, const char *id)
{
	uint32_t *at = map_at(&c->ids, hex_word(id), hex_word(id + 16));
	struct known *k;

	if (*at == MAP_NONE) {
		*at = (uint32_t)c->known.n;
		k = vec_add(&c->known);
		*k = (struct known){.label = label};
		memcpy(k->id, id, ID_N);
	}
	return *at;
}

static void meet(struct containers *c, uint32_t cgroup)
{
	const char *label, *id;
	uint32_t *at;

	if (!cgroup)
		return;
	at = map_at(&c->cgroups, cgroup, 0);
	if (*at != MAP_NONE)
		return;
	*at = NOT_IN_ONE;
	if (!unit_container(intern_get(c->names, cgroup), &label, &id))
		return;
	*at = (uint32_t)c->members.n;
	vec_push(&c->members, ((struct member){cgroup, know(c, label, id)}));
}

static void meet_all(struct containers *c, const struct snapshot *s)
{
	uint32_t last = 0;

	for (size_t i = 0; i < s->procs.n; i++)
		meet(c, s->procs.v[i].cgroup);
	for (size_t i = 0; i < s->socks.n; i++) {
		if (s->socks.v[i].cgroup == last)
			continue;
		last = s->socks.v[i].cgroup;
		meet(c, last);
	}
}

void containers_look(struct containers *c, struct snapshot *s, uint64_t now_ns)
{
	unsigned reads = 0;

	meet_all(c, s);
	for (size_t i = 0; i < c->known.n; i++) {
		struct known *k = &c->known.v[i];

		if (k->name || k->tries == TRIES_MAX || (k->tries && now_ns < k->again_ns))
			continue;
		if (c->first_over && reads++ == READS_A_LOOK)
			break;
		k->tries++;
		k->again_ns = now_ns + AGAIN_NS;
		read_name(c, k);
	}
	if (c->known.n)
		c->first_over = true;
	for (size_t i = 0; i < c->members.n; i++) {
		const struct known *k = &c->known.v[c->members.v[i].known];
		struct snap_container *out;

		if (!k->name)
			continue;
		out = vec_add(&s->containers);
		*out = (struct snap_container){.cgroup = c->members.v[i].cgroup, .name = k->name};
		out->has_addr = k->has_addr;
		memcpy(out->addr, k->addr, 16);
	}
}

void containers_mark_names(struct containers *c)
{
	VEC(struct member) members = {0};
	VEC(struct known) known = {0};

	map_done(&c->cgroups);
	map_done(&c->ids);
	for (size_t i = 0; i < c->members.n; i++) {
		struct member m = c->members.v[i];
		const struct known *k = &c->known.v[m.known];
		uint32_t *at;

		if (!intern_marked(c->names, m.cgroup))
			continue;
		at = map_at(&c->ids, hex_word(k->id), hex_word(k->id + 16));
		if (*at == MAP_NONE) {
			*at = (uint32_t)known.n;
			vec_push(&known, *k);
			intern_mark(c->names, k->name);
		}
		*map_at(&c->cgroups, m.cgroup, 0) = (uint32_t)members.n;
		vec_push(&members, ((struct member){m.cgroup, *at}));
	}
	free(c->members.v);
	free(c->known.v);
	c->members.v = members.v, c->members.n = members.n, c->members.cap = members.cap;
	c->known.v = known.v, c->known.n = known.n, c->known.cap = known.cap;
}

/* From the file, as asking the name service can hang. */
static char *find_home(const char *root)
{
	struct str path = {0};
	struct passwd *pw;
	char *home = NULL;
	FILE *f;

	str_puts(&path, root);
	str_puts(&path, "/etc/passwd");
	f = fopen(str_text(&path), "re");
	while (f && !home && (pw = fgetpwent(f)))
		if (pw->pw_uid == geteuid() && pw->pw_dir && pw->pw_dir[0] == '/')
			home = mem_strdup(pw->pw_dir);
	if (f)
		fclose(f);
	str_done(&path);
	return home ? home : mem_strdup("");
}

struct containers *containers_new(struct intern *names, const char *root)
{
	struct containers *c = mem_zalloc(1, sizeof(*c));

	c->names = names;
	c->root = mem_strdup(root);
	c->home = find_home(root);
	return c;
}

void containers_free(struct containers *c)
{
	if (!c)
		return;
	map_done(&c->cgroups);
	map_done(&c->ids);
	vec_done(&c->known);
	vec_done(&c->members);
	free(c->root);
	free(c->home);
	free(c);
}
