/* Numbers with units, read and written: durations, sizes, rates, counts. One table of units behind
 * all of them. Reading takes decimals and refuses rubbish; writing never takes more cells than said. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NSEC_PER_SEC UINT64_C(1000000000)
#define NSEC_PER_MS UINT64_C(1000000)

/* "0.5s" "500ms" "30" (seconds) "5m" "2h" "3d" → nanoseconds. 0, or -EINVAL, -ERANGE. */
int parse_duration(const char *s, uint64_t *ret_ns);
/* "10M" "1.5Gi" "300": k M G T = 1000ⁿ, Ki Mi Gi Ti = 1024ⁿ, optional trailing B. */
int parse_size(const char *s, double *ret_bytes);
/* As sizes, with an optional "/s". */
int parse_rate(const char *s, double *ret_bytes_per_s);
int parse_u64(const char *s, uint64_t max, uint64_t *ret);

/* For cells. buf holds at least 16 bytes.
 * size/rate: at most 4 characters, decimal: 0 310 1.2k 88k 5.2M. duration: .3s 41s 12m 2h 3d.
 * count: 1,019 with commas. long duration (pages, headers): 3d4h 2h14m 41s. Negative and NaN: "". */
#define UNIT_BUF 32
const char *fmt_size(char buf[UNIT_BUF], double bytes);
const char *fmt_duration(char buf[UNIT_BUF], double seconds);
const char *fmt_duration_long(char buf[UNIT_BUF], double seconds);
/* In a sentence, of one unit or two: "under 1s", where a cell has ".6s". */
const char *fmt_age(char buf[UNIT_BUF], double seconds, int parts);
const char *fmt_count(char buf[UNIT_BUF], uint64_t v);
/* Wall time: RFC 3339 UTC with milliseconds (2026-11-22T14:02:31.120Z); local "Thu 19 Nov 09:14:02". */
const char *fmt_rfc3339(char buf[UNIT_BUF], uint64_t unix_ns);
const char *fmt_local(char buf[UNIT_BUF], uint64_t unix_ns);
