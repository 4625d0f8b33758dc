/* Numbers with units, read and written: one table of units each way, so that what is shown can be typed. */
#include "sockeye/base/units.h"
#include "sockeye/base/mem.h"
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

struct decimal { /* whole.fraction, fraction in units of 10^-9 */
	uint64_t whole;
	uint32_t nano;
};

/* Reads digits with at most one point; strtod() would also take "inf", "0x1p3", " 3" and the locale's
 * comma. Gives where it stopped. */
static int parse_decimal(const char *s, struct decimal *ret, const char **ret_end)
{
	struct decimal d = {0};
	bool any = false;
	for (; *s >= '0' && *s <= '9'; s++) {
		any = true;
		if (__builtin_mul_overflow(d.whole, 10, &d.whole) ||
		    __builtin_add_overflow(d.whole, (uint64_t)(*s - '0'), &d.whole))
			return -ERANGE;
	}
	if (*s == '.') {
		uint32_t unit = 100000000;
		if (s[1] < '0' || s[1] > '9')
			return -EINVAL;
		for (s++; *s >= '0' && *s <= '9'; s++) {
			d.nano += (uint32_t)(*s - '0') * unit;
			unit /= 10;
		}
		any = true;
	}
	if (!any)
		return -EINVAL;
	*ret = d;
	*ret_end = s;
	return 0;
}

static const struct {
	const char *name;
	uint64_t ns;
} time_units[] = {
	{"", NSEC_PER_SEC},
	{"ns", 1},
	{"us", 1000},
	{"ms", NSEC_PER_MS},
	{"s", NSEC_PER_SEC},
	{"m", 60 * NSEC_PER_SEC},
	{"h", 3600 * NSEC_PER_SEC},
	{"d", 86400 * NSEC_PER_SEC},
	{"w", 604800 * NSEC_PER_SEC},
};

int parse_duration(const char *s, uint64_t *ret_ns)
{
	struct decimal d;
	const char *end;
	int r = parse_decimal(s, &d, &end);
	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_LEN(time_units); i++) {
		uint64_t unit = time_units[i].ns, ns;
		if (strcmp(end, time_units[i].name))
			continue;
		/* The fraction of a week fits: 604800e9 × 1e9 does not, so seconds and the rest apart. */
		uint64_t part =
			unit >= NSEC_PER_SEC ? d.nano * (unit / NSEC_PER_SEC) : d.nano * unit / NSEC_PER_SEC;
		if (__builtin_mul_overflow(d.whole, unit, &ns) || __builtin_add_overflow(ns, part, &ns))
			return -ERANGE;
		*ret_ns = ns;
		return 0;
	}
	return -EINVAL;
}

static const struct {
	const char *name;
	double factor;
} size_units[] = {
	{"", 1},        {"k", 1e3},     {"K", 1e3},     {"M", 1e6},     {"G", 1e9},
	{"T", 1e12},    {"P", 1e15},    {"ki", 0x1p10}, {"Ki", 0x1p10}, {"Mi", 0x1p20},
	{"Gi", 0x1p30}, {"Ti", 0x1p40}, {"Pi", 0x1p50},
};

static int parse_bytes(const char *s, const char *tail, double *ret)
{
	struct decimal d;
	const char *end;
	int r = parse_decimal(s, &d, &end);
	if (r < 0)
		return r;
	size_t n = strlen(end), tn = strlen(tail);
	if (tn && n >= tn && !strcmp(end + n - tn, tail))
		n -= tn;
	if (n && end[n - 1] == 'B')
		n--;
	for (size_t i = 0; i < ARRAY_LEN(size_units); i++) {
		if (strlen(size_units[i].name) != n || memcmp(size_units[i].name, end, n))
			continue;
		*ret = ((double)d.whole + d.nano / 1e9) * size_units[i].factor;
		return 0;
	}
	return -EINVAL;
}

int parse_size(const char *s, double *ret_bytes)
{
	return parse_bytes(s, "", ret_bytes);
}

int parse_rate(const char *s, double *ret_bytes_per_s)
{
	return parse_bytes(s, "/s", ret_bytes_per_s);
}

int parse_u64(const char *s, uint64_t max, uint64_t *ret)
{
	uint64_t v = 0;
	if (!*s)
		return -EINVAL;
	for (const char *p = s; *p; p++)
		if (*p < '0' || *p > '9')
			return -EINVAL;
	for (; *s; s++)
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(*s - '0'), &v) || v > max)
			return -ERANGE;
	*ret = v;
	return 0;
}

const char *fmt_size(char buf[UNIT_BUF], double bytes)
{
	static const char units[] = " kMGTPE";
	size_t u = 0;
	buf[0] = '\0';
	if (!(bytes >= 0) || isinf(bytes))
		return buf;
	/* Rounded to whole numbers 1000 needs the next unit already, hence 999.5. */
	while (bytes >= 999.5 && u + 1 < sizeof(units) - 1) {
		bytes /= 1000;
		u++;
	}
	if (bytes >= 999.5)
		bytes = 999;
	if (!u)
		snprintf(buf, UNIT_BUF, "%.0f", bytes);
	else
		snprintf(buf, UNIT_BUF, bytes < 9.95 ? "%.1f%c" : "%.0f%c", bytes, units[u]);
	return buf;
}

static const struct {
	char name;
	uint64_t s;
} spans[] = {{'y', 31557600}, {'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}};

/* Less than a second; false: it is more. */
static bool fmt_instant(char *buf, double seconds)
{
	if (seconds >= 0.95)
		return false;
	int tenths = (int)(seconds * 10 + 0.5);
	if (tenths)
		snprintf(buf, UNIT_BUF, ".%ds", tenths);
	else
		strcpy(buf, "0s");
	return true;
}

/* `parts` units at most, the second only when not 0. Years begin where days would need four digits. */
static const char *fmt_span(char *buf, double seconds, int parts)
{
	buf[0] = '\0';
	if (!(seconds >= 0) || isinf(seconds) || fmt_instant(buf, seconds))
		return buf;
	uint64_t s = seconds < 1 ? 1 : seconds > 1e11 ? UINT64_C(100000000000) : (uint64_t)seconds;
	for (size_t i = s < 1000 * UINT64_C(86400) ? 1 : 0; i < ARRAY_LEN(spans); i++) {
		uint64_t n = s / spans[i].s;
		if (!n)
			continue;
		int len = snprintf(buf, UNIT_BUF, "%u%c", (unsigned)n, spans[i].name);
		s %= spans[i].s;
		if (parts > 1 && i + 1 < ARRAY_LEN(spans) && s / spans[i + 1].s)
			snprintf(buf + len, UNIT_BUF - (size_t)len, "%u%c", (unsigned)(s / spans[i + 1].s),
				 spans[i + 1].name);
		break;
	}
	return buf;
}

const char *fmt_duration(char buf[UNIT_BUF], double seconds)
{
	return fmt_span(buf, seconds, 1);
}

const char *fmt_duration_long(char buf[UNIT_BUF], double seconds)
{
	return fmt_span(buf, seconds, 2);
}

const char *fmt_age(char buf[UNIT_BUF], double seconds, int parts)
{
	return seconds >= 0 && seconds < 1 ? strcpy(buf, "under 1s") : fmt_span(buf, seconds, parts);
}

const char *fmt_count(char buf[UNIT_BUF], uint64_t v)
{
	char tmp[UNIT_BUF];
	size_t at = sizeof(tmp);
	int digits = 0;
	tmp[--at] = '\0';
	do {
		if (digits && digits % 3 == 0)
			tmp[--at] = ',';
		tmp[--at] = (char)('0' + v % 10);
		v /= 10;
		digits++;
	} while (v);
	return memcpy(buf, tmp + at, sizeof(tmp) - at);
}

static void two(char *p, unsigned v)
{
	p[0] = (char)('0' + v / 10 % 10);
	p[1] = (char)('0' + v % 10);
}

const char *fmt_rfc3339(char buf[UNIT_BUF], uint64_t unix_ns)
{
	uint64_t s = unix_ns / NSEC_PER_SEC;
	unsigned ms = (unsigned)(unix_ns % NSEC_PER_SEC / NSEC_PER_MS), day = (unsigned)(s % 86400);
	/* Days to a date in the proleptic Gregorian calendar, years beginning in March. 64 bits of
	 * nanoseconds end in 2554. */
	unsigned z = (unsigned)(s / 86400) + 719468, era = z / 146097, doe = z % 146097;
	unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
	unsigned month = mp < 10 ? mp + 3 : mp - 9, year = yoe + era * 400 + (month <= 2);
	memcpy(buf, "0000-00-00T00:00:00.000Z", 25);
	two(buf, year / 100);
	two(buf + 2, year % 100);
	two(buf + 5, month);
	two(buf + 8, doy - (153 * mp + 2) / 5 + 1);
	two(buf + 11, day / 3600);
	two(buf + 14, day / 60 % 60);
	two(buf + 17, day % 60);
	buf[20] = (char)('0' + ms / 100);
	two(buf + 21, ms % 100);
	return buf;
}

const char *fmt_local(char buf[UNIT_BUF], uint64_t unix_ns)
{
	static const char days[] = "SunMonTueWedThuFriSat", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	time_t t = (time_t)(unix_ns / NSEC_PER_SEC);
	struct tm tm;
	buf[0] = '\0';
	if (!localtime_r(&t, &tm))
		return buf;
	snprintf(buf, UNIT_BUF, "%.3s %d %.3s %02d:%02d:%02d", days + 3 * tm.tm_wday, tm.tm_mday,
		 months + 3 * tm.tm_mon, tm.tm_hour, tm.tm_min, tm.tm_sec);
	return buf;
}
