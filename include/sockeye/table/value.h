/* A value of a column in a row: typed, possibly null, rendered by kind in each output. */
#pragma once
#include "sockeye/base/ip.h"
#include <stdbool.h>
#include <stdint.h>

enum kind { /* of a column; decides value, alignment of text, comparison, filter reading, JSON type */
	    KIND_TEXT, /* foreign bytes allowed */
	    KIND_WORD, /* one of our own vocabulary: state, proto, scope … */
	    KIND_COUNT, /* whole number, shown in full */
	    KIND_ID, /* whole number without commas: pid, port, inode, uid */
	    KIND_SIZE, /* bytes */
	    KIND_RATE, /* bytes a second */
	    KIND_DURATION, /* seconds, real */
	    KIND_MS, /* milliseconds, real */
	    KIND_REAL,
	    KIND_BOOL,
	    KIND_ADDR, /* an ip, or text for families without */
	    KIND_HEX, /* 64 bit, JSON string "0x…": cookie, mark */
	    KIND_TIME, /* ns since 1970 */
	    KIND_LIST, /* several texts or numbers; JSON array */
	    KIND_OBJECT, /* JSON only: the column writes itself */
};
enum null_why {
	NULL_NOT, /* there is a value */
	NULL_NA, /* does not apply: blank, "-" in a pipe, JSON null */
	NULL_UNKNOWN, /* not known (yet): "…", "?" in a pipe, JSON null */
};
struct value {
	uint8_t null; /* enum null_why */
	union {
		int64_t i; /* COUNT ID SIZE BOOL(0/1) and WORD (enum, for sorting) */
		uint64_t u; /* HEX TIME */
		double d; /* RATE DURATION MS REAL */
		struct ip ip; /* ADDR with s == NULL */
	};
	const char *s; /* TEXT WORD, and ADDR of families without an ip: borrowed while the frame lives */
	uint32_t s_n;
};
