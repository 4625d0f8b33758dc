/* The kill dialog while it is not known yet who holds what was asked for. */
#include "kill_bench.h"

/* Opened before every process was looked at: it says so, and is right as soon as they were. */
static void fills_in_when_all_were_looked_at(void **state)
{
	struct pick pick = {.kind = PICK_PORT, .proto = PROTO_TCP, .port = 7777};
	struct picks picks = {0};
	struct bench b;
	uint32_t s;

	bench_init(&b, false);
	fixture_proc(&b.x, 700, 1, 0, "seven", "");
	fixture_proc(&b.x, 701, 700, 0, "eight", "");
	s = fixture_sock(&b.x, PROTO_TCP, STATE_LISTENING, "*:7777", NULL);
	b.x.snap.owners_complete = false;
	b.u.env.f = fixture_apply(&b.x, 1);
	vec_push(&picks.v, pick);
	b.d = kill_dialog_new(&b.u, &picks);
	assert_true(b.plan.unscanned);
	HAS(draw(&b, 80, 24), "not every process was looked at yet; who holds it will appear here");
	HAS(draw(&b, 80, 24), "Nothing can be sent.");
	press(&b, KEY_ENTER_);
	assert_int_equal(b.sent_n, 0);

	b.u.discard_input = false;
	b.d->ops->frame(b.d, &b.u); /* nothing new: nothing is thrown away */
	assert_false(b.u.discard_input);
	assert_int_equal(b.opened, 1);

	fixture_fd(&b.x, s, 700, 3); /* the first of two was found */
	b.u.env.f = fixture_apply(&b.x, 1);
	b.d->ops->frame(b.d, &b.u);
	HAS(draw(&b, 80, 24), "not every process was looked at yet: others may hold it, too");
	HAS(draw(&b, 80, 24), "Enter: send TERM to seven 700");
	assert_true(b.u.discard_input); /* what was typed was meant for another text */

	fixture_fd(&b.x, s, 701, 3);
	b.x.snap.owners_complete = true;
	b.u.env.f = fixture_apply(&b.x, 1);
	b.d->ops->frame(b.d, &b.u);
	HAS_NOT(draw(&b, 80, 24), "looked at");
	HAS(draw(&b, 80, 24), "Enter: send TERM to both holders");
	assert_int_equal(b.opened, 3);
	b.d->ops->frame(b.d, &b.u); /* it is known now: later frames change nothing under the user's hands */
	assert_int_equal(b.opened, 3);
	press(&b, KEY_ENTER_);
	assert_int_equal(b.sent_n, 1);
	bench_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(fills_in_when_all_were_looked_at)};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
