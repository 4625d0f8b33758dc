/* The dashboard's main loop: one poll over the terminal, the sampler, the workers, the kill in hand and the signals.
 * Main owns terminal and ui, and waits for nothing but this poll. */
#include "clock.h"
#include "closing.h"
#include "config.h"
#include "dashboard_private.h"
#include "killing.h"
#include "list.h"
#include "netns_option.h"
#include "options.h"
#include "privileges.h"
#include "sampler.h"
#include "sockeye/action/kill.h"
#include "sockeye/base/mem.h"
#include "sockeye/base/text.h"
#include "sockeye/base/units.h"
#include "sockeye/collect/source.h"
#include "sockeye/term/term.h"
#include "sockeye/view/ui.h"
#include "workers.h"
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define REFRESH_EVERY_NS                                                                                     \
	(100 * NSEC_PER_MS) /* late texts come in hundreds: filter and sort again for all at once */
#define SLICE_NS (4 * NSEC_PER_MS) /* of work between two looks at the keys; with drawing it is 8 */
#define BEHIND_NS (50 * NSEC_PER_MS) /* until a terminal that took no more is asked again */
#define KEYS_AT_ONCE 64 /* between two frames on the screen */
#define RESOLVE_NS (6 * NSEC_PER_SEC)
#define USER_NAME_NS (300 * NSEC_PER_MS)
#define SAMPLER_END_NS (200 * NSEC_PER_MS)
#define EXPORT_END_NS NSEC_PER_SEC

static void safe_copy(char *to, size_t n, const char *from)
{
	struct str s = {0};

	text_put_cell(&s, from, strlen(from), term_ascii(), n);
	snprintf(to, n, "%s", str_text(&s));
	str_done(&s);
}

static void names(struct dashboard *d)
{
	struct late *l = late_new(geteuid(), 0);
	char host[256] = "", number[16];
	const char *user;

	if (gethostname(host, sizeof(host) - 1) < 0)
		host[0] = 0;
	host[strcspn(host, ".")] = 0;
	safe_copy(d->host, sizeof(d->host), host);
	/* A directory server may be asked, and may not answer. */
	workers_ask(d->workers, l, LATE_USER);
	workers_wait(d->workers, clock_boot() + USER_NAME_NS);
	user = late_get(l, LATE_USER);
	snprintf(number, sizeof(number), "%u", (unsigned)geteuid());
	safe_copy(d->user, sizeof(d->user), user && *user ? user : number);
	d->you.uid = geteuid();
	snprintf(d->you.name, sizeof(d->you.name), "%.*s", (int)sizeof(d->you.name) - 1, d->user);
	kill_you_read(&d->you, getenv("SSH_CONNECTION"));
	late_unref(l);
}

/* The command line goes before the settings. */
static uint64_t interval(const struct dashboard *d, const struct options *o)
{
	return o->interval_ns ? o->interval_ns : d->config.interval_ns;
}

/* Index as of ui_opts.view; -1: there is none. */
static int named_view(const struct dashboard *d, const char *name)
{
	for (size_t i = 0; i < d->config.named_n; i++)
		if (!strcmp(d->config.named[i].name, name))
			return VIEW_N + (int)i;
	return -1;
}

static int make_ui(struct dashboard *d, const struct options *o, struct ui_host *host, char *err,
		   size_t err_n)
{
	static const char *signal_names[32], *signal_help[32];
	static int signals[32];
	size_t n = 0;
	struct ui_opts u = {0};

	for (; n < kill_signals_n && n < ARRAY_LEN(signals); n++) {
		signal_names[n] = kill_signals[n].name;
		signal_help[n] = kill_signals[n].help;
		signals[n] = kill_signals[n].number;
	}
	dashboard_host(d, host);
	u.host_name = d->host;
	u.user_name = d->user;
	u.you = &d->you;
	u.netns_name = o->netns ? d->netns_choice.name : NULL;
	u.root = geteuid() == 0 || privileges_see_all_owners();
	u.ascii = o->ascii || d->config.ascii || term_ascii();
	u.read_only = o->read_only;
	u.interval_ns = interval(d, o);
	u.view = o->view >= 0 ? o->view : o->view_name ? named_view(d, o->view_name) : d->config.view;
	u.filter = o->filter;
	u.sort = o->sort;
	u.columns = o->columns;
	u.listening = o->listening;
	u.all = o->all;
	u.findings = o->findings;
	for (int i = 0; i < VIEW_N; i++) {
		u.view_columns[i] = d->config.columns[i];
		u.view_sort[i] = d->config.sort[i];
	}
	u.netns = o->netns;
	u.named = d->config.named;
	u.named_n = d->config.named_n;
	u.keymap = &d->config.keymap;
	u.signals_names = signal_names;
	u.signals_help = signal_help;
	u.signals = signals;
	u.signals_n = n;
	return ui_new(&u, host, d->services, &d->ui, err, err_n);
}

/* Everything main reacts to. Blocked here, before any thread starts, and read from a descriptor. */
static int block_signals(void)
{
	static const int which[] = {SIGINT, SIGTERM, SIGHUP, SIGWINCH, SIGCONT, SIGTSTP};
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_LEN(which); i++)
		sigaddset(&set, which[i]);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

static void resize(struct dashboard *d)
{
	int w, h;

	term_size(&w, &h);
	ui_resize(d->ui, w, h);
	canvas_resize(&d->canvas, w, h);
	d->dirty = true;
}

static void on_signals(struct dashboard *d)
{
	struct signalfd_siginfo si;
	bool resized = false, stop = false, woken = false;

	while (read(d->signals, &si, sizeof(si)) == (ssize_t)sizeof(si)) {
		switch (si.ssi_signo) {
		case SIGWINCH:
			resized = true;
			break;
		case SIGTSTP:
			stop = true;
			break;
		case SIGCONT:
			woken = true;
			break;
		default:
			d->over = true;
			d->exit_code = 128 + (int)si.ssi_signo;
		}
	}
	if (d->over)
		return;
	/* Woken after a stop that nobody could announce (SIGSTOP), the shell's modes are still set. */
	if (stop || (woken && !term_foreground()))
		dashboard_suspend(d);
	else if (woken)
		term_suspend_after();
	if (resized || stop || woken)
		resize(d);
}

static void hangup(struct dashboard *d)
{
	d->over = true;
	d->exit_code = 128 + SIGHUP;
}

static void on_keys(struct dashboard *d)
{
	struct key k;
	bool gone = false;
	int n = 0;

	d->more_keys = false;
	while (!d->over && term_key(&k, &gone)) {
		pieces_key(&d->pieces, k.code);
		ui_key(d->ui, &k, clock_boot());
		if (ui_discard_input(d->ui))
			term_discard_input();
		d->dirty = true;
		if (++n == KEYS_AT_ONCE || clock_boot() >= d->slice_ns) {
			d->more_keys = true;
			return;
		}
	}
	if (gone)
		hangup(d);
}

/* The owners of what is on the screen are read again in every look. */
static void tell_visible(struct dashboard *d)
{
	struct ui_seen seen[SAMPLER_SEEN_MAX];
	struct source_fd fds[SAMPLER_SEEN_MAX];
	size_t n = ui_visible(d->ui, seen, SAMPLER_SEEN_MAX);

	for (size_t i = 0; i < n; i++)
		fds[i] = (struct source_fd){seen[i].pid, seen[i].fd, seen[i].inode};
	sampler_verify(d->sampler, fds, n);
}

/* A page of a connection may have been opened, and its rest is to be there soon. */
static void tell_shown(struct dashboard *d)
{
	static const struct sock none;
	uint64_t netns = 0;
	const struct sock *s = ui_showing(d->ui, &netns);

	if (!s)
		s = &none;
	if (s->cookie == d->showing && netns == d->showing_netns)
		return;
	d->showing = s->cookie;
	d->showing_netns = netns;
	sampler_show(d->sampler, netns, s);
}

static void take_shown(struct dashboard *d)
{
	struct shown s;

	sampler_shown(d->sampler, &s);
	ui_shown(d->ui, &s);
}

/* Goes on with a table that could not be filled in one slice. */
static void work(struct dashboard *d)
{
	bool done;

	pieces_part(&d->pieces, PIECE_WORK);
	done = !ui_working(d->ui) || ui_work(d->ui);
	if (ui_discard_input(d->ui)) /* typed before what came of it was seen */
		term_discard_input();
	if (!done)
		return;
	d->dirty = true;
	if (d->next) {
		if (d->frame && d->frame == exporting_frame(d->exporting))
			d->exported = d->frame;
		else
			sampler_give(d->sampler, d->frame);
		d->frame = d->next;
		d->next = NULL;
	}
}

static void on_frame(struct dashboard *d)
{
	int error = sampler_error(d->sampler);
	const struct frame *f;

	if (error && error != d->error) {
		char text[128];

		snprintf(text, sizeof(text), "The kernel shows no sockets: %s", strerror(-error));
		ui_message(d->ui, true, text, clock_boot());
		d->dirty = true;
	}
	d->error = error;
	if (d->next || (ui_paused(d->ui) && d->frame))
		return;
	workers_tick(d->resolvers);
	f = sampler_take(d->sampler);
	if (!f)
		return;
	pieces_part(&d->pieces, PIECE_FRAME);
	d->next = f;
	take_shown(d);
	ui_frame(d->ui, f, clock_boot());
	work(d);
	tell_visible(d);
}

static void on_exported(struct dashboard *d)
{
	exporting_taken(d->exporting);
	if (exporting_frame(d->exporting))
		return;
	sampler_spare(d->sampler, false);
	sampler_give(d->sampler, d->exported);
	d->exported = NULL;
}

/* What is on the screen decides what the kernel is asked for. */
static void tell_want(struct dashboard *d)
{
	struct want w = {0};

	ui_want(d->ui, &w);
	w.netns = d->netns.netns;
	w.netns_inode = d->netns.netns_inode;
	if (w.protos == d->want.protos && w.states == d->want.states && w.attrs == d->want.attrs)
		return;
	d->want = w;
	sampler_want(d->sampler, &w);
}

static void draw(struct dashboard *d)
{
	if (!(d->dirty && ui_draws(d->ui)) && !term_behind())
		return;
	pieces_part(&d->pieces, PIECE_DRAW);
	if (d->dirty && ui_draws(d->ui)) {
		canvas_blank(&d->canvas);
		ui_draw(d->ui, &d->canvas);
		d->dirty = false;
	}
	if (!term_blit(&d->canvas))
		hangup(d);
}

static int timeout_ms(const struct dashboard *d)
{
	uint64_t now = clock_boot(), at = ui_deadline(d->ui), ms;

	if (d->more_keys || ui_working(d->ui))
		return 0;
	if (d->refresh && d->refreshed_ns + REFRESH_EVERY_NS < at)
		at = d->refreshed_ns + REFRESH_EVERY_NS;
	if (term_behind() && now + BEHIND_NS < at)
		at = now + BEHIND_NS;
	if (at == UINT64_MAX)
		return -1;
	ms = at <= now ? 0 : (at - now + NSEC_PER_MS - 1) / NSEC_PER_MS;
	return ms > 60000 ? 60000 : (int)ms;
}

static void loop(struct dashboard *d)
{
	enum { TERMINAL, SAMPLER, SHOWN, WORKERS, RESOLVERS, KILLING, EXPLAINING, SIGNALS, EXPORT, FDS };
	struct pollfd p[FDS] = {
		[TERMINAL] = {term_fd(), POLLIN, 0},
		[SAMPLER] = {sampler_fd(d->sampler), POLLIN, 0},
		[SHOWN] = {sampler_shown_fd(d->sampler), POLLIN, 0},
		[WORKERS] = {workers_fd(d->workers), POLLIN, 0},
		[RESOLVERS] = {workers_fd(d->resolvers), POLLIN, 0},
		[KILLING] = {killing_fd(d->killing), POLLIN, 0},
		[EXPLAINING] = {explaining_fd(d->explaining), POLLIN, 0},
		[SIGNALS] = {d->signals, POLLIN, 0},
		[EXPORT] = {exporting_fd(d->exporting), POLLIN, 0},
	};

	while (!d->over) {
		tell_want(d);
		tell_shown(d);
		draw(d);
		/* A frame that is not taken while paused must not keep the poll awake. */
		p[SAMPLER].events = d->next || (ui_paused(d->ui) && d->frame) ? 0 : POLLIN;
		if (d->over)
			break;
		pieces_end(&d->pieces);
		if (poll(p, FDS, timeout_ms(d)) < 0) {
			if (errno != EINTR)
				break;
			continue;
		}
		pieces_begin(&d->pieces);
		d->slice_ns = clock_boot() + SLICE_NS;
		if (p[SIGNALS].revents)
			on_signals(d);
		if (p[TERMINAL].revents || d->more_keys)
			on_keys(d);
		if (d->over)
			break;
		if (p[SAMPLER].revents & POLLIN)
			on_frame(d);
		if (p[SHOWN].revents & POLLIN) {
			take_shown(d);
			d->dirty = true;
		}
		if (p[WORKERS].revents & POLLIN) {
			workers_taken(d->workers);
			d->refresh = true;
		}
		if (p[RESOLVERS].revents & POLLIN) {
			workers_taken(d->resolvers);
			d->dirty = true; /* no row moves for a name */
		}
		if (p[EXPORT].revents & POLLIN)
			on_exported(d);
		if (p[KILLING].revents & POLLIN) {
			killing_taken(d->killing);
			d->dirty = true;
		}
		if (p[EXPLAINING].revents & POLLIN)
			explaining_taken(d->explaining); /* ui_tick fetches it */
		if (d->refresh && clock_boot() - d->refreshed_ns >= REFRESH_EVERY_NS) {
			d->refresh = false;
			d->refreshed_ns = clock_boot();
			pieces_part(&d->pieces, PIECE_REFRESH);
			if (d->frame)
				ui_refresh(d->ui, d->refreshed_ns);
			d->dirty = true;
		}
		if (d->next || ui_working(d->ui))
			work(d);
		if (ui_tick(d->ui, clock_boot())) {
			pieces_part(&d->pieces, PIECE_TICK);
			d->dirty = true;
		}
	}
}

/* Wrong settings are told where they can be seen; the whole line again when the screen is given back. */
static void tell_config(struct dashboard *d)
{
	const char *text = d->config.error, *home = getenv("HOME");
	size_t n = home ? strlen(home) : 0;
	char line[sizeof(d->config.error) + 1];

	if (n > 1 && !strncmp(text, home, n))
		snprintf(line, sizeof(line), "~%s", text + n);
	else
		snprintf(line, sizeof(line), "%s", text);
	safe_copy(line, sizeof(line), line);
	ui_message(d->ui, true, line, clock_boot());
}

/* A key that the settings give away is missed by what had it: said once, at the start. */
static void tell_conflict(struct dashboard *d)
{
	struct str s = {0};
	size_t more = 0;

	for (size_t i = 0; i < binding_table_n; i++) {
		if (s.n) {
			struct str other = {0};

			more += keymap_conflict(&d->config.keymap, &binding_table[i], &other);
			str_done(&other);
		} else {
			keymap_conflict(&d->config.keymap, &binding_table[i], &s);
		}
	}
	if (more)
		str_putf(&s, " (and %zu more: --print-config)", more);
	if (s.n)
		ui_message(d->ui, false, str_text(&s), clock_boot());
	str_done(&s);
}

static int run(struct dashboard *d, const struct options *o)
{
	char err[300] = "";
	struct ui_host host;
	struct sampler_opts so = {0};
	struct str log = {0};
	int r;

	names(d);
	d->killing = killing_new();
	d->closing = closing_new(d->killing);
	d->exporting = exporting_new();
	d->explaining = explaining_new(o->ascii || d->config.ascii || term_ascii());
	r = make_ui(d, o, &host, err, sizeof(err));
	if (r < 0) {
		term_close();
		complain("%s", err);
		return 2;
	}
	if (d->config.error[0])
		tell_config(d);
	else
		tell_conflict(d);
	ui_want(d->ui, &d->want);
	d->want.netns = d->netns.netns;
	d->want.netns_inode = d->netns.netns_inode;
	so.services = d->services;
	so.workers = d->workers;
	so.want = d->want;
	so.interval_ns = interval(d, o);
	r = sampler_start(&so, &d->sampler);
	if (r < 0) {
		term_close();
		complain("cannot start a thread: %s", strerror(-r));
		return 2;
	}
	canvas_init(&d->canvas);
	resize(d);
	pieces_init(&d->pieces);
	loop(d);
	term_close();
	pieces_write(&d->pieces);
	ui_free(d->ui);
	closing_free(d->closing);
	explaining_free(d->explaining);
	killing_log(d->killing, &log);
	if (log.n) {
		(void)!write(STDOUT_FILENO, log.s, log.n);
		str_done(&log);
	}
	canvas_done(&d->canvas);
	if (d->config.error[0])
		complain("%s", d->config.error);
	config_done(&d->config);
	/* Hung in a write it reads a frame still. */
	if (exporting_free(d->exporting, EXPORT_END_NS) && sampler_stop(d->sampler, SAMPLER_END_NS)) {
		killing_free(d->killing);
		services_free(d->services);
		workers_free(d->workers);
		workers_free(d->resolvers);
	}
	close(d->signals);
	return d->exit_code;
}

int cmd_dashboard(const struct options *o)
{
	struct dashboard d = {0};
	const char *no_color = getenv("NO_COLOR");
	struct term_opts to = {0};
	char err[200];
	int r;

	if (netns_option(o, WANT_NETNS_ALL, &d.netns, &d.netns_choice) < 0)
		return 2;
	d.services = services_load("/etc/services");
	config_load(&d.config, d.services);
	if (o->view_name && named_view(&d, o->view_name) < 0) {
		complain_view(o->view_name);
		config_done(&d.config);
		services_free(d.services);
		return 2;
	}
	to.color = d.config.color && !o->no_color && !(no_color && *no_color);
	to.mouse = d.config.mouse && !o->no_mouse;
	to.looks = d.config.looks;
	r = term_open(&to, err, sizeof(err));
	if (r < 0) {
		config_done(&d.config);
		services_free(d.services);
		/* Into a pipe or file this is what was meant; on a terminal it needs saying. */
		if (r != -ENOTTY || isatty(STDOUT_FILENO))
			complain("%s: doing what \"sockeye list\" does", err);
		return cmd_list(o);
	}
	term_install_crash_handlers();
	die_set_hook(term_close);
	d.signals = block_signals();
	d.workers = workers_new();
	d.resolvers = workers_new_patient(RESOLVE_NS);
	return run(&d, o);
}
