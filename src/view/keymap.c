/* The keys in force: those of the binding table, and in their place the ones a user chose. */
#include "sockeye/base/mem.h"
#include "sockeye/base/text.h"
#include "sockeye/view/binding.h"
#include "sockeye/view/key.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void keymap_init(struct keymap *m)
{
	m->rows = mem_zalloc(binding_table_n, sizeof(*m->rows));
	for (size_t i = 0; i < binding_table_n; i++)
		m->rows[i].n = (uint8_t)binding_keys(&binding_table[i], m->rows[i].codes);
}

void keymap_done(struct keymap *m)
{
	free(m->rows);
	m->rows = NULL;
}

static bool has(const struct keymap_row *r, uint32_t code)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->codes[i] == code)
			return true;
	return false;
}

static void take_away(struct keymap_row *r, uint32_t code)
{
	uint8_t n = 0;

	for (size_t i = 0; i < r->n; i++)
		if (r->codes[i] != code)
			r->codes[n++] = r->codes[i];
	if (r->n && !n)
		r->lost = code;
	r->n = n;
}

static int read_keys(const char *keys, struct keymap_row *ret, char *err, size_t err_n)
{
	while (*(keys += strspn(keys, " \t"))) {
		size_t n = strcspn(keys, " \t");
		char name[32];
		uint32_t code;

		snprintf(name, sizeof(name), "%.*s", (int)n, keys);
		if (n >= sizeof(name) || key_parse(name, &code) < 0) {
			snprintf(err, err_n, "no key \"%s\"; expected a, ^A, F1, Up, Space, Enter …, or none",
				 name);
			return -EINVAL;
		}
		if (ret->n == BINDING_KEYS_MAX) {
			snprintf(err, err_n, "more than %d keys", BINDING_KEYS_MAX);
			return -EINVAL;
		}
		if (!has(ret, code))
			ret->codes[ret->n++] = code;
		keys += n;
	}
	if (ret->n)
		return 0;
	snprintf(err, err_n, "no key; expected names of keys, or none");
	return -EINVAL;
}

int keymap_set(struct keymap *m, const char *action, const char *keys, char *err, size_t err_n)
{
	struct keymap_row new = {.own = true};
	const struct binding *b = binding_by_action(action);

	if (!b) {
		const char *names[256];
		int near;

		for (size_t i = 0; i < binding_table_n && i < ARRAY_LEN(names); i++)
			names[i] = binding_table[i].action;
		near = text_nearest(action, names, binding_table_n);
		if (near >= 0)
			snprintf(err, err_n, "no action \"%.40s\"; did you mean %s?", action, names[near]);
		else
			snprintf(err, err_n, "no action \"%.40s\"; all: sockeye --print-config", action);
		return -ENOENT;
	}
	if (strcmp(keys, "none") != 0) {
		int r = read_keys(keys, &new, err, err_n);

		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < binding_table_n; i++) {
		const struct binding *other = &binding_table[i];

		for (size_t k = 0; k < new.n && m->rows[i].own &&other != b; k++)
			if ((other->where & b->where) && has(&m->rows[i], new.codes[k])) {
				struct str name = {0};

				key_print(new.codes[k], &name);
				snprintf(err, err_n, "the key %s is given to both %s and %s", str_text(&name),
					 other->action, b->action);
				str_done(&name);
				return -EEXIST;
			}
	}
	/* What the user says goes before what is given with the program. */
	for (size_t i = 0; i < binding_table_n; i++)
		for (size_t k = 0; k < new.n; k++)
			if (!m->rows[i].own && (binding_table[i].where & b->where))
				take_away(&m->rows[i], new.codes[k]);
	m->rows[b - binding_table] = new;
	return 0;
}

bool keymap_conflict(const struct keymap *m, const struct binding *b, struct str *out)
{
	const struct keymap_row *r = &m->rows[b - binding_table];
	const struct binding *by = NULL;

	if (r->own || r->n || !r->lost)
		return false;
	for (size_t i = 0; i < binding_table_n && !by; i++)
		if (m->rows[i].own && (binding_table[i].where & b->where) && has(&m->rows[i], r->lost))
			by = &binding_table[i];
	if (!by)
		return false;
	key_print(r->lost, out);
	str_putf(out, " is %s's now: %s has no key", by->action, b->action);
	return true;
}

const struct binding *keymap_find(const struct keymap *m, uint32_t key, uint8_t where)
{
	for (size_t i = 0; i < binding_table_n; i++)
		if ((binding_table[i].where & where) && has(&m->rows[i], key))
			return &binding_table[i];
	return NULL;
}

size_t keymap_keys(const struct keymap *m, const struct binding *b, uint32_t ret[BINDING_KEYS_MAX])
{
	const struct keymap_row *r = &m->rows[b - binding_table];

	memcpy(ret, r->codes, sizeof(r->codes));
	return r->n;
}

void keymap_print(const struct keymap *m, const struct binding *b, struct str *out)
{
	const struct keymap_row *r = &m->rows[b - binding_table];

	for (size_t i = 0; i < r->n; i++) {
		str_puts(out, i ? " " : "");
		key_print(r->codes[i], out);
	}
	if (!r->n)
		str_puts(out, "none");
}
