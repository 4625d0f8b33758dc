/* For tests of what memory is kept. */
#pragma once
#include <malloc.h>
#include <stddef.h>

/* Bytes of the heap that are in use; 0: an allocator that does not tell. */
static inline size_t heap_in_use(void)
{
#ifdef __GLIBC__
	struct mallinfo2 m = mallinfo2();

	return m.uordblks + m.hblkhd;
#else
	return 0;
#endif
}
