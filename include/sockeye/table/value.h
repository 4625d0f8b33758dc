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
	    KIND_HEX, /* 64 bit, JSON string "0x…": cookie */
	    KIND_HEX32, /* 32 bit, shown as 0x…, but in data a number as others: mark */
	    KIND_TIME, /* ns since 1970 */
	    KIND_LIST, /* several texts or numbers; JSON array */
	    KIND_OBJECT, /* JSON only: the column writes itself */
	    KIND_ENDPOINT, /* an ip and a port: JSON "10.0.0.5:443" "[::1]:80"; text for families without */
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
		uint64_t u; /* HEX HEX32 TIME */
		double d; /* RATE DURATION MS REAL */
		struct ip ip; /* ADDR and ENDPOINT, with s == NULL */
	};
	/* TEXT WORD, and ADDR and ENDPOINT of families without an ip: borrowed while the frame lives. A TEXT without s is
	 * the number i in digits: a user whose uid has no name. */
	const char *s;
	uint32_t s_n;
	uint32_t port; /* ENDPOINT */
};
#define NO_PORT UINT32_MAX /* of an ENDPOINT: nothing stands behind the address */
/* The bytes of a TEXT, WORD or ADDR; buf holds what is not stored anywhere. Never NULL. */
#define VALUE_BUF 64
const char *value_text(const struct value *v, uint8_t kind, char buf[VALUE_BUF], uint32_t *ret_n);
/* <0, 0, >0 of two values of one kind that are both no null. */
int value_compare(const struct value *a, const struct value *b, uint8_t kind);
