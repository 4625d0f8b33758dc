/* Frames as those who make them see them. */
#pragma once
#include "sockeye/model/frame.h"

/* What is known of a socket, to be written: see blocks_write(). */
struct row *frame_write_row(struct frame *f, uint32_t row);
/* Sets a member of a row; a row that has the value already stays shared. */
#define frame_set(f, row, member, value)                                                                     \
	do {                                                                                                 \
		__typeof__(frame_row(f, row)->member) set_ = (value);                                        \
		if (frame_row(f, row)->member != set_)                                                       \
			frame_write_row(f, row)->member = set_;                                              \
	} while (0)
