/* Takes mountinfo lines apart, for whoever looks for a kind of mount. */
#include "mountinfo.h"
#include "sockeye/base/str.h"
#include <string.h>

/* Field number `field` (from 0) of a line; fields are parted by single blanks. */
static const char *field(const char *line, const char *end, unsigned number, size_t *ret_n)
{
	const char *p = line, *blank;

	while (number--) {
		blank = memchr(p, ' ', (size_t)(end - p));
		if (!blank)
			return NULL;
		p = blank + 1;
	}
	blank = memchr(p, ' ', (size_t)(end - p));
	*ret_n = (size_t)((blank ? blank : end) - p);
	return p;
}

bool mount_line_parse(const char *line, const char *end, struct mount_line *ret)
{
	const char *dash = memmem(line, (size_t)(end - line), " - ", 3);
	struct mount_line l = {0};

	if (!dash)
		return false;
	l.root = field(line, dash, 3, &l.root_n);
	l.point = field(line, dash, 4, &l.point_n);
	l.type = field(dash + 3, end, 0, &l.type_n);
	if (!l.root || !l.point || !l.type)
		return false;
	*ret = l;
	return true;
}

const char *mount_line_end(const char *line, const char *end, const char **ret_eol)
{
	const char *eol = memchr(line, '\n', (size_t)(end - line));

	*ret_eol = eol ? eol : end;
	return eol ? eol + 1 : end;
}

char *mount_unescape(const char *s, size_t n)
{
	struct str out = {0};

	for (size_t i = 0; i < n; i++) {
		if (s[i] == '\\' && i + 3 < n && s[i + 1] >= '0' && s[i + 1] <= '3' && s[i + 2] >= '0' &&
		    s[i + 2] <= '7' && s[i + 3] >= '0' && s[i + 3] <= '7') {
			str_putc(&out,
				 (char)((s[i + 1] - '0') << 6 | (s[i + 2] - '0') << 3 | (s[i + 3] - '0')));
			i += 3;
		} else {
			str_putc(&out, s[i]);
		}
	}
	return str_take(&out);
}
