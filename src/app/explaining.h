/* The dashboard's side of `w`: a thread of its own asks why a bind() would fail, since it looks, tries and may wait. */
#pragma once
#include "sockeye/view/ui.h"

struct explaining;
struct explaining *explaining_new(bool ascii);
void explaining_free(struct explaining *x); /* waits for nobody; NULL allowed */
/* The two doors of struct ui_host, with `data` a struct explaining. */
void explaining_begin(void *data, const struct ui_question *q);
const char *explaining_answer(void *data);

int explaining_fd(const struct explaining *x); /* readable: there is an answer */
void explaining_taken(struct explaining *x);
