/* From a cgroup path to the name a person knows: a table of what container runtimes and systemd call
 * their groups. The forms are those of systemd (scope and slice names), docker, podman, containerd,
 * cri-o, kubelet (both cgroup drivers), lxc, machined and snapd. */
#include "sockeye/model/unit.h"
#include "sockeye/base/mem.h"
#include <stdbool.h>
#include <string.h>

struct part {
	const char *s;
	size_t n;
};

static bool is_hex(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!(s[i] >= '0' && s[i] <= '9') && !(s[i] >= 'a' && s[i] <= 'f'))
			return false;
	return n > 0;
}

static bool starts(struct part p, const char *prefix)
{
	size_t n = strlen(prefix);

	return p.n >= n && !memcmp(p.s, prefix, n);
}

static bool ends(struct part p, const char *suffix)
{
	size_t n = strlen(suffix);

	return p.n > n && !memcmp(p.s + p.n - n, suffix, n);
}

static bool is(struct part p, const char *word)
{
	return p.n == strlen(word) && starts(p, word);
}

enum what { /* how the name is made of what stands between prefix and suffix */
	    ID, /* 64 hex digits: the first 12 are what people see */
	    NAME, /* as it stands, with systemd's \x2d undone */
	    FIRST, /* up to the next dot */
	    APP, /* as NAME, without the last dash and what follows: a number that systemd-run or a portal gave */
};
/* A component that is a container. parent: the component before it must be this (a prefix of it), or NULL. */
static const struct pattern {
	const char *parent, *prefix, *suffix;
	const char *label;
	enum what what;
} patterns[] = {
	{NULL, "docker-", ".scope", "docker", ID},
	{"docker", "", "", "docker", ID},
	{NULL, "libpod-", ".scope", "podman", ID},
	{"libpod_parent", "libpod-", "", "podman", ID},
	{"machine.slice", "libpod-", "", "podman", ID},
	{NULL, "libpod-", "", "podman", ID}, /* below the parent that --cgroup-parent names */
	{NULL, "cri-containerd-", ".scope", "containerd", ID},
	{NULL, "nerdctl-", ".scope", "containerd", ID},
	{"default", "", "", "containerd", ID}, /* nerdctl and ctr with cgroupfs: /default/<id> */
	{"k8s.io", "", "", "containerd", ID},
	{NULL, "crio-", ".scope", "crio", ID},
	{NULL, "crio-", "", "crio", ID},
	{"pod", "", "", "kube", ID},
	{NULL, "lxc.payload.", "", "lxc", NAME},
	{NULL, "lxc.monitor.", "", "lxc", NAME},
	{"lxc", "", "", "lxc", NAME},
	{NULL, "machine-", ".scope", "machine", NAME},
	{"machine.slice", "systemd-nspawn@", ".service", "machine", NAME},
	{NULL, "snap.", ".scope", "snap", FIRST},
	{NULL, "app-flatpak-", ".scope", "flatpak", APP},
};

/* systemd writes bytes that a unit name may not have as \xHH. */
static void put_unescaped(struct str *out, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (i + 3 < n && s[i] == '\\' && s[i + 1] == 'x' && is_hex(s + i + 2, 2)) {
			int hi = s[i + 2] <= '9' ? s[i + 2] - '0' : s[i + 2] - 'a' + 10;
			int lo = s[i + 3] <= '9' ? s[i + 3] - '0' : s[i + 3] - 'a' + 10;

			str_putc(out, (char)(hi * 16 + lo));
			i += 3;
		} else {
			str_putc(out, s[i]);
		}
	}
}

static bool match(const struct pattern *t, struct part parent, struct part p, struct part *ret_id)
{
	struct part id;

	/* "pod<uid>" is a prefix of its kind; every other parent is meant whole. */
	if (t->parent && !(is(parent, t->parent) || (!strcmp(t->parent, "pod") && starts(parent, "pod"))))
		return false;
	if (!starts(p, t->prefix) || (t->suffix[0] && !ends(p, t->suffix)))
		return false;
	id = (struct part){p.s + strlen(t->prefix), p.n - strlen(t->prefix) - strlen(t->suffix)};
	if (!id.n || (t->what == ID && (id.n != 64 || !is_hex(id.s, id.n))))
		return false;
	*ret_id = id;
	return true;
}

static const struct pattern *find_container(const struct part *v, size_t n, struct part *ret_id)
{
	struct part none = {"", 0};

	for (size_t i = n; i-- > 0;)
		for (size_t t = 0; t < ARRAY_LEN(patterns); t++)
			if (match(&patterns[t], i ? v[i - 1] : none, v[i], ret_id))
				return &patterns[t];
	return NULL;
}

static void put_container(const struct pattern *t, struct part id, struct str *out)
{
	const char *cut;

	str_puts(out, t->label);
	str_putc(out, ':');
	switch (t->what) {
	case ID:
		str_put(out, id.s, 12);
		break;
	case FIRST:
		cut = memchr(id.s, '.', id.n);
		str_put(out, id.s, cut ? (size_t)(cut - id.s) : id.n);
		break;
	case APP:
		cut = memrchr(id.s, '-', id.n);
		put_unescaped(out, id.s, cut && cut != id.s ? (size_t)(cut - id.s) : id.n);
		break;
	case NAME:
		put_unescaped(out, id.s, id.n);
		break;
	}
}

/* "user@1000.service" or "user-1000.slice": the digits. */
static struct part user_id(struct part p)
{
	static const struct {
		const char *prefix, *suffix;
	} forms[] = {{"user@", ".service"}, {"user-", ".slice"}};

	for (size_t f = 0; f < ARRAY_LEN(forms); f++) {
		size_t a = strlen(forms[f].prefix), z = strlen(forms[f].suffix);

		if (starts(p, forms[f].prefix) && ends(p, forms[f].suffix) && p.n > a + z)
			return (struct part){p.s + a, p.n - a - z};
	}
	return (struct part){NULL, 0};
}

/* The deepest components; nobody nests deeper than that by intent. */
#define PARTS_MAX 32

static size_t split(const char *path, struct part v[PARTS_MAX])
{
	size_t n = 0;

	while (*path) {
		size_t len = strcspn(path, "/");

		if (len) {
			if (n == PARTS_MAX)
				memmove(v, v + 1, (--n) * sizeof(v[0]));
			v[n++] = (struct part){path, len};
		}
		path += len + (path[len] == '/');
	}
	return n;
}

bool unit_container(const char *path, const char **ret_label, const char **ret_id)
{
	struct part v[PARTS_MAX], id;
	size_t n = split(path, v);
	const struct pattern *t = find_container(v, n, &id);

	if (!t || t->what != ID)
		return false;
	*ret_label = t->label;
	*ret_id = id.s;
	return true;
}

bool unit_is_container(const char *name)
{
	const char *colon = strchr(name, ':');

	for (size_t t = 0; colon && t < ARRAY_LEN(patterns); t++)
		if (is((struct part){name, (size_t)(colon - name)}, patterns[t].label))
			return true;
	return false;
}

bool unit_of_user(const char *path, uint32_t *ret_uid)
{
	struct part v[PARTS_MAX], id, user = {NULL, 0};
	size_t n = split(path, v);
	bool unit = false;
	uint64_t uid = 0;

	if (find_container(v, n, &id))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (starts(v[i], "user@") && user_id(v[i]).n) {
			user = user_id(v[i]);
			unit = false;
		} else if (user.n) {
			unit |= ends(v[i], ".service") || ends(v[i], ".socket");
		}
	}
	for (size_t i = 0; i < user.n; i++) {
		if (user.s[i] < '0' || user.s[i] > '9' || uid > UINT32_MAX)
			return false;
		uid = uid * 10 + (uint64_t)(user.s[i] - '0');
	}
	if (!unit || uid >= UINT32_MAX)
		return false;
	*ret_uid = (uint32_t)uid;
	return true;
}

void unit_name(const char *path, struct str *out)
{
	struct part v[PARTS_MAX], id;
	struct part user = {NULL, 0}, unit = {NULL, 0};
	size_t n = split(path, v);
	const struct pattern *t = find_container(v, n, &id);

	if (t) {
		put_container(t, id, out);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		struct part uid = user_id(v[i]);

		if (uid.n) {
			user = uid;
			unit = (struct part){NULL, 0};
		} else if (ends(v[i], ".service") || (ends(v[i], ".scope") && !user.n) ||
			   ends(v[i], ".socket")) {
			/* Scopes of a user's session are one a login or a terminal: the user says more. */
			unit = v[i];
		}
	}
	if (unit.n) {
		str_put(out, unit.s, unit.n); /* escapes and all: as systemctl wants it */
	} else if (user.n) {
		str_puts(out, "user-");
		str_put(out, user.s, user.n);
		str_puts(out, ".slice");
	}
}
