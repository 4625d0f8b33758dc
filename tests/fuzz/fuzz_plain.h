/* Without libFuzzer: a main that feeds the files named on the command line to the target, once each. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#ifdef FUZZ_PLAIN
int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		size_t cap = 1 << 20, n;
		uint8_t *buf = malloc(cap);
		FILE *f = fopen(argv[i], "rb");

		if (!f || !buf) {
			perror(argv[i]);
			return 1;
		}
		n = fread(buf, 1, cap, f);
		fclose(f);
		LLVMFuzzerTestOneInput(buf, n);
		free(buf);
	}
	printf("%d inputs\n", argc - 1);
	return argc < 2;
}
#endif
