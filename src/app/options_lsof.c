/* lsof's -i and -s, said as terms of the filter language. */
#include "options.h"
#include "options_private.h"
#include "sockeye/base/ip.h"
#include "sockeye/model/terms.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void add_term(struct str *out, const char *field, const char *value, size_t n)
{
	str_putf(out, "%s%s=%.*s", out->n ? " " : "", field, (int)n, value);
}

/* "4", "6" and "tcp", "udp" in front; gives what follows, NULL when it is none of lsof's. */
static const char *take_family_and_proto(const char *p, struct str *out)
{
	if (*p == '4' || *p == '6') {
		add_term(out, "family", *p == '4' ? "ipv4" : "ipv6", 4);
		p++;
	}
	if (!strncasecmp(p, "tcp", 3) || !strncasecmp(p, "udp", 3)) {
		add_term(out, "proto", tolower((unsigned char)*p) == 't' ? "tcp" : "udp", 3);
		p += 3;
	}
	return !*p || *p == '@' || *p == ':' ? p : NULL;
}

/* "@host": an address. 0, or -1 with the reason told. */
static int take_host(const char **at, struct str *out)
{
	const char *p = *at + 1;
	size_t n = *p == '[' ? strcspn(p, "]") + 1 : strcspn(p, ":");
	char text[64];
	struct ip_net net;

	snprintf(text, sizeof(text), "%.*s", (int)(n < strlen(p) ? n : strlen(p)), p);
	if (ip_parse_net(text, &net) < 0) {
		/* Without brackets every colon may be the address's own: then nothing is a port. */
		n = strlen(p);
		snprintf(text, sizeof(text), "%s", p);
		if (n >= sizeof(text) || ip_parse_net(text, &net) < 0) {
			complain("-i: \"%s\" is no address; expected one like 10.0.0.7 or [2001:db8::1] "
				 "(names are not "
				 "looked up)",
				 p);
			return -1;
		}
	}
	if (text[0] == '[')
		add_term(out, "addr", text + 1, strcspn(text + 1, "]"));
	else
		add_term(out, "addr", text, strlen(text));
	*at = p + n;
	return 0;
}

static int take_inet(struct reading *r, const char *word)
{
	struct str terms = {0};
	const char *p = take_family_and_proto(word, &terms);
	int result = p ? 0 : 1;

	if (p && *p == '@')
		result = take_host(&p, &terms);
	if (result == 0 && *p == ':' && p[1])
		add_term(&terms, "port", p + 1, strlen(p + 1));
	else if (result == 0 && *p) {
		complain("-i: \"%s\" is not understood; expected [4|6][tcp|udp][@ADDRESS][:PORT]", word);
		result = -1;
	}
	if (result == 0) {
		r->lsof = true;
		/* lsof shows what any of them names. */
		if (r->inet_n == 1 && strchr(str_text(&r->inet), ' ')) {
			char *first = str_take(&r->inet);

			str_putf(&r->inet, "(%s)", first);
			free(first);
		}
		str_putf(&r->inet, r->inet_n && strchr(str_text(&terms), ' ') ? "%s(%s)" : "%s%s",
			 r->inet_n ? " or " : "", str_text(&terms));
		r->inet_n++;
	}
	str_done(&terms);
	return result;
}

/* "CLOSE_WAIT" as the filter has it: "close-wait". False: there is no such state. */
static bool put_state(struct str *out, const char *name, size_t n)
{
	char word[32]; /* room for "unconn" and the dash of "fin-wait-1" */

	if (!n || n >= sizeof(word) - 8)
		return false;
	for (size_t i = 0; i < n; i++)
		word[i] = name[i] == '_' ? '-' : (char)tolower((unsigned char)name[i]);
	word[n] = '\0';
	if (!strncmp(word, "fin-wait", 8) && isdigit((unsigned char)word[8])) { /* FIN_WAIT1 */
		word[9] = word[8];
		word[8] = '-';
		word[10] = '\0';
	} else if (!strcmp(word, "syn-rcvd")) {
		strcpy(word, "syn-recv");
	} else if (!strcmp(word, "idle")) { /* of UDP */
		strcpy(word, "unconn");
	}
	if (!states_by_word(word))
		return false;
	str_putf(out, "%s%s", out->n ? "," : "", word);
	return true;
}

/* "TCP:LISTEN,^CLOSE_WAIT": with ^ all but that one. */
static int take_states(struct reading *r, const char *word)
{
	struct str with = {0}, without = {0};
	int result = 0;

	if (strncasecmp(word, "tcp:", 4) != 0 && strncasecmp(word, "udp:", 4) != 0)
		return 1;
	for (const char *p = word + 4; result == 0; p++) {
		bool not = *p == '^';
		size_t n;

		p += not ;
		n = strcspn(p, ",");
		if (!put_state(not ? &without : &with, p, n)) {
			complain("-s: no state \"%.*s\"; expected LISTEN, ESTABLISHED, CLOSE_WAIT …", (int)n,
				 p);
			result = -1;
		}
		p += n;
		if (!*p)
			break;
	}
	if (result == 0) {
		r->lsof = true;
		str_putf(&r->terms, "%sproto=%s", r->terms.n ? " " : "",
			 tolower((unsigned char)*word) == 't' ? "tcp" : "udp");
		if (with.n)
			str_putf(&r->terms, " state=%s", str_text(&with));
		if (without.n)
			str_putf(&r->terms, " state!=%s", str_text(&without));
	}
	str_done(&with);
	str_done(&without);
	return result;
}

int take_lsof(struct reading *r, const char *word)
{
	if (!(r->on & (ON_DASHBOARD | ON_LIST | ON_CLOSE)) || !word[1])
		return 1;
	return word[0] == 'i' ? take_inet(r, word + 1) : word[0] == 's' ? take_states(r, word + 1) : 1;
}
