/* The clipboard of the terminal, which may be on another machine: text goes there as an OSC 52 sequence. */
#include "sockeye/term/term.h"
#include "term_private.h"
#include <curses.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <term.h>

#define COPY_MAX 74994 /* base64 included this is what xterm takes at once */

static void put_base64(struct str *out, const char *text, size_t n)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *s = (const unsigned char *)text;

	for (size_t i = 0; i < n; i += 3) {
		size_t left = n - i < 3 ? n - i : 3;
		unsigned long v = (unsigned long)s[i] << 16;

		v |= left > 1 ? (unsigned long)s[i + 1] << 8 : 0;
		v |= left > 2 ? s[i + 2] : 0;
		str_putc(out, digits[v >> 18]);
		str_putc(out, digits[v >> 12 & 63]);
		str_putc(out, left > 1 ? digits[v >> 6 & 63] : '=');
		str_putc(out, left > 2 ? digits[v & 63] : '=');
	}
}

int term_copy(const char *text, size_t n)
{
	const char *type = getenv("TERM"), *sequence = NULL;
	struct str code = {0}, out = {0};
	char *ms;

	/* The kernel's own console has no clipboard, and older ones print what they do not know. */
	if (output_tty() < 0 || !type || !strncmp(type, "linux", 5) || !strncmp(type, "vt", 2))
		return -ENOTSUP;
	if (n > COPY_MAX / 4 * 3)
		return -E2BIG;
	put_base64(&code, text, n);
	/* curses has declared this parameter as char * ever since. */
	ms = tigetstr((char *)(uintptr_t) "Ms");
	if (ms && ms != (char *)-1)
		sequence = tiparm(ms, "c", str_text(&code));
	if (sequence && *sequence)
		str_puts(&out, sequence);
	else
		str_putf(&out, "\033]52;c;%s\a", str_text(&code));
	output_put(out.s, out.n);
	output_flush(0);
	str_done(&code);
	str_done(&out);
	return 0;
}
