/* Late knowledge: texts that take a read that can hang (command line, exe, user name). A slot belongs
 * to one process or one uid; a worker sets each text once, atomically; readers see NULL until then.
 * Slots are counted: the world and every frame that shows the process hold a reference. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum late_what {
	LATE_CMDLINE,
	LATE_EXE,
	LATE_CWD,
	LATE_USER,
	LATE_HOST,
	/* Of a process whose page is open: */
	LATE_PARENTS, /* "812 sshd" "1 systemd", each with a NUL behind it; raw bytes */
	LATE_NAMESPACES, /* "as host", "own: net pid" */
	LATE_RESTART, /* of its unit, as systemd says: "Restart=always" */
	LATE_N
};

struct late;
struct late *late_new(uint64_t a, uint64_t b); /* (pid, start), (uid, 0) or an address; one reference */
struct late *late_ref(struct late *l);
void late_unref(struct late *l); /* NULL allowed; the last one frees the texts */
uint64_t late_a(const struct late *l);
uint64_t late_b(const struct late *l);
/* Any thread. NULL: not known yet. "": known to be empty or unreadable. cmdline's NULs are kept as
 * given by the kernel except that a length travels beside: see late_get_n. */
const char *late_get(const struct late *l, enum late_what what);
const char *late_get_n(const struct late *l, enum late_what what, uint32_t *ret_n);
/* Copies the n bytes. The first setter wins; later ones are ignored. */
void late_set(struct late *l, enum late_what what, const char *bytes, uint32_t n);
/* True exactly once per slot and text: whoever gets true hands the job to a worker. */
bool late_claim(struct late *l, enum late_what what);
