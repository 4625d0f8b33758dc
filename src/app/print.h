/* Printing of the commands, and what becomes of it when it cannot be written. */
#pragma once
#include "sockeye/base/str.h"
#include <stdio.h>

/* Safe text, some lines, in the character set of the locale. */
void print_text(FILE *to, const struct str *text);
/* At the end: exit_code, or that of a write that failed, which is told (141 without a word when the reader left). */
int print_result(int exit_code);
/* The exit code for a write that failed with this errno: 141 without a word when the reader left, else 2, and told. */
int print_failed(int err);
