/* What the judging and the words of explain share. */
#pragma once
#include "sockeye/action/explain.h"
#include "sockeye/action/kill.h"

/* The unit or container that a holder belongs to, raw: of its process; of a socket that systemd holds, the one whose
 * cgroup it was made in, which is the .socket unit. Nothing when it is not known. */
void explain_put_unit(const struct explain *e, const struct explain_holder *h, struct str *out);

#define EXPLAIN_LABEL 14 /* cells before what a label is about */
void explain_put_label(struct str *out, const char *label);
/* Words parted by spaces, broken at the screen's width, later lines under the first. */
void explain_put_wrapped(struct str *out, const char *label, const char *text);
void explain_put_foreign(struct str *out, const char *s, size_t n, bool ascii); /* a name, made safe */
const char *explain_device(const struct explain *e, uint32_t ifindex); /* its name, raw; NULL */
void explain_put_device(const struct explain *e, uint32_t ifindex, bool ascii, struct str *out); /* "%eth0" */
/* "node 21877", "nginx ×5 1044", "‹not permitted›"; with user and unit; "listens on *"; "up since …" */
void explain_put_process(const struct explain *e, const struct explain_holder *h, bool ascii,
			 struct str *out);
void explain_put_who(const struct explain *e, const struct explain_holder *h, bool ascii, struct str *out);
void explain_put_deed(const struct explain *e, const struct explain_holder *h, bool ascii, struct str *out);
void explain_put_since(const struct explain *e, const struct explain_holder *h, struct str *out);
/* The line "blocks …". */
void explain_put_blocked(const struct explain *e, const struct explain_holder *h, bool ascii,
			 struct str *out);
/* The VRF of a device, or that it is; 0. */
uint32_t explain_vrf(const struct explain *e, uint32_t ifindex);
/* The address of this try is there. */
bool explain_counts(const struct explain_try *t);
