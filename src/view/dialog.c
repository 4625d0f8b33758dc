/* The box that dialogs and menus are drawn in. */
#include "dialog.h"
#include "sockeye/base/text.h"

struct area dialog_box(struct canvas *c, const struct screen_env *e, const char *title,
		       const char *title_right, int h, int w)
{
	const char *hor = e->ascii ? "-" : "─", *ver = e->ascii ? "|" : "│";
	int y, x, used, right;

	if (w > c->w)
		w = c->w;
	if (h > c->h)
		h = c->h;
	if (h < 3 || w < 8) { /* no room for a frame: the text is what matters */
		canvas_blank(c);
		return (struct area){0, 0, c->h, c->w};
	}
	y = (c->h - h) / 2;
	x = (c->w - w) / 2;
	/* Of the rows beside it a cell or two would be left: rubbish, not context. */
	if (x <= 2)
		canvas_fill(c, y, 0, h, c->w, STYLE_PLAIN, " ");
	canvas_fill(c, y, x, h, w, STYLE_PLAIN, " ");
	canvas_fill(c, y, x + 1, 1, w - 2, STYLE_DIM, hor);
	canvas_fill(c, y + h - 1, x + 1, 1, w - 2, STYLE_DIM, hor);
	canvas_fill(c, y + 1, x, h - 2, 1, STYLE_DIM, ver);
	canvas_fill(c, y + 1, x + w - 1, h - 2, 1, STYLE_DIM, ver);
	canvas_put(c, y, x, STYLE_DIM, e->ascii ? "+" : "┌", 1);
	canvas_put(c, y, x + w - 1, STYLE_DIM, e->ascii ? "+" : "┐", 1);
	canvas_put(c, y + h - 1, x, STYLE_DIM, e->ascii ? "+" : "└", 1);
	canvas_put(c, y + h - 1, x + w - 1, STYLE_DIM, e->ascii ? "+" : "┘", 1);

	if (title && *title) {
		struct str t = {0};

		canvas_put(c, y, x + 1, STYLE_HEAD, " ", 1);
		text_put_clip(&t, title, w - 4, e->ascii ? "~" : "…");
		used = canvas_put(c, y, x + 2, STYLE_HEAD, str_text(&t), w - 4);
		canvas_put(c, y, x + 2 + used, STYLE_HEAD, " ", 1);
		str_done(&t);
	} else {
		used = 0;
	}
	right = title_right ? text_width(title_right) : 0;
	if (right > 0 && used + right + 8 <= w) {
		canvas_put(c, y, x + w - right - 3, STYLE_DIM, " ", 1);
		canvas_put(c, y, x + w - right - 2, STYLE_PLAIN, title_right, right);
		canvas_put(c, y, x + w - 2, STYLE_DIM, " ", 1);
	}
	return (struct area){y + 1, x + 2, h - 2, w - 4};
}
