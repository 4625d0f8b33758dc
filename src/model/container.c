/* Readable names of containers: what a cgroup path says by a number alone, files of the runtime say by name. */
#include "sockeye/model/unit.h"
#include "world_private.h"

/* The unit of this path is called by that name from now on. */
static uint32_t name_unit(struct world *w, const struct snap_container *c)
{
	const char *label, *id;
	uint32_t *unit = world_unit_slot(w, c->cgroup), was;

	if (!unit || !c->name || c->name >= intern_count(w->names) ||
	    !unit_container(intern_get(w->names, c->cgroup), &label, &id))
		return 0;
	str_clear(&w->text);
	str_puts(&w->text, label);
	str_putc(&w->text, ':');
	str_put(&w->text, intern_get(w->names, c->name), intern_len(w->names, c->name));
	was = *unit;
	*unit = intern_add(w->names, str_text(&w->text), w->text.n) + 1;
	w->units_kept &= !was || was == *unit;
	return *unit - 1;
}

void world_containers(struct world *w)
{
	const struct snapshot *s = w->snap;

	w->units_kept = w->prev;
	for (size_t i = 0; i < s->containers.n; i++) {
		const struct snap_container *c = &s->containers.v[i];
		struct frame_container *out;
		uint32_t unit = name_unit(w, c);

		if (!unit || !c->has_addr)
			continue;
		out = vec_add(&w->f->containers);
		out->unit = unit;
		memcpy(out->addr, c->addr, sizeof(out->addr));
	}
}
