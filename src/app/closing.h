/* The dashboard's side of closing connections: a thread does it, main is told when it is done. */
#pragma once
#include "killing.h"
#include "sockeye/model/close.h"

struct closing;
struct closing *closing_new(struct killing *log); /* borrowed for the life of this: keeps the log */
void closing_free(struct closing *c); /* waits for nobody; NULL allowed */
/* The two doors of struct ui_host, with `data` a struct closing. */
void closing_begin(void *data, struct close_plan *plan);
const struct close_plan *closing_result(void *data);
