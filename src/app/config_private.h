/* The table of the single settings, for its readers: the parser and --print-config. */
#pragma once
#include "config.h"
#include "sockeye/base/str.h"

struct setting { /* of section [general] */
	const char *key, *help;
	/* 0, or -EINVAL with a sentence in err */
	int (*read)(struct config *c, const char *value, char *err, size_t err_n);
	void (*print)(const struct config *c, struct str *out);
};
extern const struct setting settings[];
extern const size_t settings_n;

struct config_section {
	const char *name, *help;
	/* `section` as in the file: [view NAME] comes with its name. */
	int (*read)(struct config *c, const char *section, const char *key, const char *value,
		    const struct services *services, char *err, size_t err_n);
	void (*print)(const struct config *c, struct str *out);
};
extern const struct config_section config_sections[];
extern const size_t config_sections_n;

void config_defaults(struct config *c); /* keeps path, error and found */
/* What can be judged only when all of it was read. */
int config_check(struct config *c, char *err, size_t err_n);
/* Is there a key left to quit with? */
int config_check_keys(const struct config *c, char *err, size_t err_n);
/* A view of the user's own, when all of it was read. 0, or -EINVAL with a sentence in err. */
int config_check_view(const struct ui_named_view *v, char *err, size_t err_n);
int config_set(struct config *c, const char *section, const char *key, const char *value,
	       const struct services *services, char *err, size_t err_n);
