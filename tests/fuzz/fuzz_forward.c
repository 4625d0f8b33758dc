/* Feeds any arguments to every program that forwards ports: what is said of a target must lie within them.
 * The first byte chooses program and protocol, the next two the port. */
#include "fuzz_plain.h"
#include "sockeye/base/mem.h"
#include "sockeye/model/forward.h"
#include <string.h>

static const char *const comms[] = {"docker-proxy", "kubectl", "pasta", "rootlesskit", "rootlessport",
				    "socat",        "ssh",     "passt", "slirp4netns"};
static const uint8_t protos[] = {PROTO_TCP, PROTO_UDP, PROTO_SCTP, PROTO_VSOCK};

static void within(const char *s, size_t len, const char *text, size_t n)
{
	if (len && (s < text || s + len > text + n))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct forward_target t;
	uint32_t port;
	char *text;
	uint8_t pick;

	if (n < 3)
		return 0;
	pick = data[0];
	port = data[1] | (uint32_t)data[2] << 8;
	n -= 3;
	text = mem_dup(data + 3, n);
	if (forward_parse(comms[pick % ARRAY_LEN(comms)], text, n, protos[pick / 16 % ARRAY_LEN(protos)],
			  port, &t)) {
		if (!port || t.port > 65535)
			abort();
		within(t.host, t.host_n, text, n);
		within(t.via, t.via_n, text, n);
		within(t.netns, t.netns_n, text, n);
	}
	free(text);
	return 0;
}
