/* The prompt that asks for the file into which the rows on the screen are written, and asks again before it takes the
 * place of another file. */
#include "line_edit.h"
#include "sockeye/base/text.h"
#include "sockeye/base/units.h"
#include "ui_actions.h"
#include "ui_private.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct export_prompt {
	struct dialog base;
	struct line_edit line;
	bool asking; /* there is such a file */
	char error[200]; /* "": none */
};

static void say_written(struct ui *u, size_t rows, const char *path)
{
	char n[UNIT_BUF];

	ui_say(u, "%s row%s written to %s", fmt_count(n, rows), rows == 1 ? "" : "s", path);
}

bool ui_export_tick(struct ui *u)
{
	char err[160] = "", n[UNIT_BUF], m[UNIT_BUF];
	size_t rows = 0, all = 0;
	int r = u->host->export_state(u->host->data, &rows, &all, err, sizeof(err));

	if (r > 0) {
		ui_say(u, "writing %s: %s of %s rows; Esc stops", u->exporting, fmt_count(n, rows),
		       fmt_count(m, all));
		return true;
	}
	if (r == 0)
		say_written(u, rows, u->exporting);
	else if (r == -ECANCELED)
		ui_say(u, "stopped; %s is not written", u->exporting);
	else
		ui_error(u, "%s: %s", u->exporting, err);
	free(u->exporting);
	u->exporting = NULL;
	return true;
}

bool ui_export_stop(struct ui *u)
{
	if (!u->exporting)
		return false;
	u->host->export_stop(u->host->data);
	return true;
}

/* False: close the prompt. */
static bool write_file(struct export_prompt *p, struct ui *u, bool overwrite)
{
	struct table *t = screen_table(ui_top(u));
	const char *path = str_text(&p->line.text);
	int r;

	p->asking = false;
	p->error[0] = '\0';
	if (!t || !*path)
		return false;
	if (u->exporting) {
		snprintf(p->error, sizeof(p->error), "still writing %.120s; Esc, then Esc again stops that",
			 u->exporting);
		return true;
	}
	if (!u->host->export_state) { /* else that is done beside the keys, with what is shown now */
		ui_finish(u);
		table_order_all(t); /* not the lines on the screen alone */
	}
	r = u->host->export(u->host->data, t, path, overwrite, p->error, sizeof(p->error));
	if (r == -EEXIST && !overwrite) {
		p->asking = true;
		p->error[0] = '\0';
		return true;
	}
	if (r < 0) {
		if (!p->error[0])
			snprintf(p->error, sizeof(p->error), "%s", strerror(-r));
		return true;
	}
	if (r > 0) {
		u->exporting = mem_strdup(path);
		(void)ui_export_tick(u);
	} else {
		say_written(u, t->order.n, path);
	}
	return false;
}

static bool export_key(struct dialog *d, struct ui *u, const struct key *k)
{
	struct export_prompt *p = (struct export_prompt *)d;

	if (p->asking) {
		if (k->code == 'y' || k->code == 'Y')
			return write_file(p, u, true);
		p->asking = false; /* back to the name */
		return true;
	}
	switch (k->code) {
	case KEY_ESC:
		return false;
	case KEY_ENTER_:
		return write_file(p, u, false);
	case KEY_BACKSPACE_:
		if (p->line.text.n == 0)
			return false;
		break;
	default:
		break;
	}
	if (line_edit_key(&p->line, k))
		p->error[0] = '\0';
	return true;
}

static void export_draw(struct dialog *d, const struct screen_env *e, struct canvas *c)
{
	struct export_prompt *p = (struct export_prompt *)d;
	const char *hint = ".json .ndjson .csv .tsv .txt", *dots = e->ascii ? "~" : "…";
	const char *ask = "export to ";
	const char *question =
		c->w < 60 ? " is there. Overwrite? y n" : " is there already. Overwrite it?  y yes  n no";
	int y = c->h - 1, x, end = c->w, w = text_width(hint);
	struct str above = {0};

	canvas_fill(c, y, 0, 1, c->w, STYLE_PLAIN, " ");
	if (p->asking) { /* what is asked stands whole, however long the name is */
		text_put_clip_middle(&above, str_text(&p->line.text), c->w - 2 - text_width(question), dots);
		str_puts(&above, question);
	} else {
		str_puts(&above, p->error);
	}
	if (above.n && y > 1) {
		canvas_fill(c, y - 1, 0, 1, c->w, STYLE_PLAIN, " ");
		canvas_put_cut(c, y - 1, 1, p->asking ? STYLE_WARN : STYLE_BAD, str_text(&above), c->w - 2,
			       dots);
	}
	str_done(&above);
	x = canvas_put(c, y, 1, STYLE_KEY, ask, c->w - 1) + 1;
	if (x + text_width(str_text(&p->line.text)) + w + 4 < c->w) {
		end = c->w - 1 - w;
		canvas_put(c, y, end, STYLE_DIM, hint, w);
	}
	line_edit_draw(&p->line, c, y, x, end - x - 1);
	if (p->asking)
		c->cur_y = -1;
}

static void export_free(struct dialog *d, struct ui *u)
{
	struct export_prompt *p = (struct export_prompt *)d;

	line_edit_done(&p->line);
	free(p);
}

static const struct dialog_ops export_ops = {
	.draw = export_draw,
	.key = export_key,
	.free = export_free,
	.wants_paste = true,
};

void act_export(struct ui *u, uint32_t key)
{
	const struct table *t = screen_table(ui_top(u));
	struct export_prompt *p;
	char name[64];

	if (u->opts.read_only || !u->host || !u->host->export) {
		ui_error(u, "%s",
			 u->opts.read_only ? "READ-ONLY: no file is written in this session"
					   : "no file can be written from here");
		return;
	}
	if (!t || !u->env.f)
		return;
	p = mem_zalloc(1, sizeof(*p));
	p->base.ops = &export_ops;
	snprintf(name, sizeof(name), "%s.csv", view_table[t->view].key);
	line_edit_set(&p->line, name);
	ui_open_dialog(u, &p->base);
}
