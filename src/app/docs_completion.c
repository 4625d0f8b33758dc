/* Completions for bash, zsh and fish: the commands, their options, the values of these and the fields of filters. */
#include "docs.h"
#include "options_private.h"
#include "sockeye/base/mem.h"
#include "sockeye/base/text.h"
#include "sockeye/table/filter.h"
#include <string.h>

static const char *name_of(const struct command *c)
{
	return c->name ? c->name : "";
}

static void put_commands(struct str *out)
{
	const char *sep = "";

	for (size_t i = 0; i < commands_n; i++)
		if (commands[i].run && commands[i].name) {
			str_putf(out, "%s%s", sep, commands[i].name);
			sep = " ";
		}
}

static void put_fields(struct str *out, const char *behind)
{
	struct filter_field f;

	for (size_t i = 0; filter_field_at(i, &f); i++)
		str_putf(out, "%s%s%s", i ? " " : "", f.name, behind);
}

/* The words that a field knows, blanks between them; false: it knows none. */
static bool field_words(const char *field, const char *before, struct str *out)
{
	const char *word;

	str_clear(out);
	for (size_t i = 0; (word = filter_word_at(field, i)); i++)
		str_putf(out, "%s%s%s", i ? " " : "", before, word);
	return out->n > 0;
}

/* ---- bash ---- */

static void bash_options(struct str *out, uint8_t bit)
{
	for (size_t i = 0; i < option_rows_n; i++) {
		if (!(option_rows[i].on & bit))
			continue;
		if (option_rows[i].letter)
			str_putf(out, "-%c ", option_rows[i].letter);
		str_putf(out, "--%s ", option_rows[i].name);
	}
	str_puts(out, "-h --help --version");
}

/* "list:--view|:--view": the same option may be another one's letter with another command. */
static void bash_patterns(struct str *out, const struct option_row *row)
{
	const char *sep = "";

	for (size_t i = 0; i < commands_n; i++) {
		if (!(commands[i].bit & row->on))
			continue;
		str_putf(out, "%s%s:--%s", sep, name_of(&commands[i]), row->name);
		sep = "|";
		if (row->letter)
			str_putf(out, "|%s:-%c", name_of(&commands[i]), row->letter);
	}
}

void docs_bash(struct str *out)
{
	struct filter_field f;
	struct str words = {0};

	str_puts(out,
		 "# Completion of sockeye for bash, made from the program's own tables.\n_sockeye()\n{\n"
		 "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command= word\n"
		 "\tlocal IFS=$' \\t\\n' head=\n\tCOMPREPLY=()\n"
		 "\tfor word in \"${COMP_WORDS[@]:1:COMP_CWORD - 1}\"; do\n\t\tcase $word in\n\t\t");
	put_commands(&words);
	for (char *p = words.s; *p; p++)
		if (*p == ' ')
			*p = '|';
	str_putf(out, "%s)\n\t\t\tcommand=$word\n\t\t\tbreak\n\t\t\t;;\n\t\tesac\n\tdone\n", words.s);
	/* bash takes "=" for a word of its own, unless the user told it not to. */
	str_puts(out, "\tlocal field=\n"
		      "\tif [[ $cur == = ]]; then\n\t\tfield=$prev cur=\n"
		      "\telif [[ $prev == = ]]; then\n\t\tfield=${COMP_WORDS[COMP_CWORD - 2]}\n"
		      "\telif [[ $cur == *=* ]]; then\n\t\tfield=${cur%%=*}\n\t\thead=$field= cur=${cur#*=}\n"
		      "\tfi\n\tif [[ $field == -* ]]; then\n\t\tprev=$field\n\telif [[ -n $field ]]; then\n"
		      "\t\t[[ $cur == *,* ]] && head+=${cur%,*},\n\t\tcase $field in\n");
	for (size_t i = 0; filter_field_at(i, &f); i++)
		if (field_words(f.name, "", &words))
			str_putf(out,
				 "\t\t%s)\n\t\t\tCOMPREPLY=($(compgen -P \"$head\" -W \"%s\" -- "
				 "\"${cur##*,}\"))\n\t\t\t;;\n",
				 f.name, words.s);
	str_clear(&words);
	str_puts(out, "\t\tesac\n\t\treturn\n\tfi\n\tcase $command:$prev in\n");
	for (size_t i = 0; i < option_rows_n; i++) {
		const struct option_row *row = &option_rows[i];

		if (!row->arg)
			continue;
		str_clear(&words);
		str_putc(out, '\t');
		bash_patterns(out, row);
		str_puts(out, ")\n");
		if (docs_choices(row->arg, &words)) {
			if (strstr(row->arg, "COL"))
				str_puts(out,
					 "\t\t[[ $cur == *,* ]] && head+=${cur%,*},\n\t\tcur=${cur##*,}\n"
					 "\t\t[[ $cur == [+-]* ]] && head+=${cur:0:1} cur=${cur:1}\n");
			str_putf(out, "\t\tCOMPREPLY=($(compgen -P \"$head\" -W \"%s\" -- \"$cur\"))\n",
				 str_text(&words));
		}
		str_puts(out, "\t\treturn\n\t\t;;\n");
	}
	str_puts(out, "\tesac\n\tif [[ $cur == -* ]]; then\n\t\tcase $command in\n");
	for (size_t i = 0; i < commands_n; i++) {
		if (!commands[i].run)
			continue;
		str_putf(out, "\t\t\"%s\")\n\t\t\tCOMPREPLY=($(compgen -W \"", name_of(&commands[i]));
		bash_options(out, commands[i].bit);
		str_puts(out, "\" -- \"$cur\"))\n\t\t\t;;\n");
	}
	str_puts(out, "\t\tesac\n\t\treturn\n\tfi\n\tCOMPREPLY=($(compgen -W \"");
	put_fields(out, "=");
	str_puts(out, "\" -- \"$cur\"))\n\t[[ -n $command ]] || COMPREPLY+=($(compgen -W \"");
	put_commands(out);
	str_puts(out, "\" -- \"$cur\"))\n\t[[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace\n}\n"
		      "complete -F _sockeye sockeye\n");
	str_done(&words);
}

/* ---- zsh ---- */

/* In a specification of _arguments brackets and colons mean something. */
static void put_zsh_text(struct str *out, const char *s)
{
	for (; *s; s++) {
		if (strchr("[]:\\", *s))
			str_putc(out, '\\');
		if (*s == '\'')
			str_puts(out, "'\\''");
		else
			str_putc(out, *s);
	}
}

static void zsh_value(struct str *out, const struct option_row *row)
{
	struct str words = {0};

	if (row->arg) {
		str_putc(out, ':');
		put_zsh_text(out, row->arg);
		str_putc(out, ':');
		if (docs_choices(row->arg, &words))
			str_putf(out, strstr(row->arg, "COL") ? "_values -s , column %s" : "(%s)",
				 str_text(&words));
	}
	str_done(&words);
}

void docs_zsh(struct str *out)
{
	struct filter_field f;
	struct str words = {0};

	str_puts(out,
		 "#compdef sockeye\n# Completion of sockeye for zsh, made from the program's own tables.\n"
		 "_sockeye() {\n\tlocal context state line command word\n\tlocal -a commands fields options\n"
		 "\tcommands=(");
	for (size_t i = 0; i < commands_n; i++)
		if (commands[i].run && commands[i].name) {
			str_puts(out, "\n\t\t'");
			put_zsh_text(out, commands[i].name);
			str_putc(out, ':');
			put_zsh_text(out, commands[i].help);
			str_putc(out, '\'');
		}
	str_puts(out, ")\n\tfields=(");
	put_fields(out, "=");
	str_puts(out,
		 ")\n\tfor word in ${words[2,CURRENT-1]}; do\n"
		 "\t\t(( ${commands[(I)$word:*]} )) && command=$word && break\n\tdone\n\tcase $command in\n");
	for (size_t i = 0; i < commands_n; i++) {
		if (!commands[i].run)
			continue;
		str_putf(out, "\t'%s')\n\t\toptions=(", name_of(&commands[i]));
		for (size_t k = 0; k < option_rows_n; k++) {
			const struct option_row *row = &option_rows[k];

			if (!(row->on & commands[i].bit))
				continue;
			for (int letter = row->letter != 0; letter >= 0; letter--) {
				str_puts(out, "\n\t\t\t'");
				if (letter)
					str_putf(out, "-%c", row->letter);
				else
					str_putf(out, "--%s", row->name);
				str_putc(out, '[');
				put_zsh_text(out, row->help);
				str_putc(out, ']');
				zsh_value(out, row);
				str_putc(out, '\'');
			}
		}
		str_puts(out, "\n\t\t\t'--help[the options]' '--version[the version]')\n\t\t;;\n");
	}
	str_puts(out,
		 "\tesac\n\t_arguments -s -S $options '*:filter:->filter'\n"
		 "\tif [[ $state == filter ]]; then\n\t\t[[ -n $command ]] || _describe command commands\n"
		 "\t\tif [[ $PREFIX != *=* ]]; then\n\t\t\tcompadd -S '' -- $fields\n\t\t\treturn\n\t\tfi\n"
		 "\t\tword=${PREFIX%%=*}\n\t\tcompset -P '*='\n\t\tcompset -P '*,'\n\t\tcase $word in\n");
	for (size_t i = 0; filter_field_at(i, &f); i++)
		if (field_words(f.name, "", &words))
			str_putf(out, "\t\t%s)\n\t\t\tcompadd -- %s\n\t\t\t;;\n", f.name, words.s);
	str_puts(out, "\t\tesac\n\tfi\n}\n_sockeye \"$@\"\n");
	str_done(&words);
}

/* ---- fish ---- */

static void fish_condition(struct str *out, uint8_t on)
{
	struct str with = {0};
	bool dashboard = false;

	for (size_t i = 0; i < commands_n; i++) {
		if (!commands[i].run || !(commands[i].bit & on))
			continue;
		if (commands[i].name)
			str_putf(&with, " %s", commands[i].name);
		else
			dashboard = true;
	}
	str_puts(out, "complete -c sockeye -n '");
	if (dashboard) {
		str_puts(out, "not __fish_seen_subcommand_from ");
		put_commands(out);
	}
	if (with.n)
		str_putf(out, "%s__fish_seen_subcommand_from%s", dashboard ? "; or " : "", str_text(&with));
	str_putc(out, '\'');
	str_done(&with);
}

void docs_fish(struct str *out)
{
	struct filter_field f;
	struct str words = {0}, before = {0};

	str_puts(out, "# Completion of sockeye for fish, made from the program's own tables.\ncomplete -c "
		      "sockeye -f\n");
	for (size_t i = 0; i < commands_n; i++) {
		if (!commands[i].run || !commands[i].name)
			continue;
		str_puts(out, "complete -c sockeye -n __fish_use_subcommand -a ");
		str_puts(out, commands[i].name);
		str_puts(out, " -d ");
		text_put_shell(out, commands[i].help);
		str_putc(out, '\n');
	}
	for (size_t i = 0; i < option_rows_n; i++) {
		const struct option_row *row = &option_rows[i];

		fish_condition(out, row->on);
		if (row->letter)
			str_putf(out, " -s %c", row->letter);
		str_putf(out, " -l %s", row->name);
		if (row->arg) {
			str_puts(out, " -x");
			str_clear(&words);
			if (docs_choices(row->arg, &words))
				str_putf(out,
					 strstr(row->arg, "COL") ? " -a '(__fish_append , %s)'" : " -a '%s'",
					 str_text(&words));
		}
		str_puts(out, " -d ");
		text_put_shell(out, row->help);
		str_putc(out, '\n');
	}
	str_puts(out, "complete -c sockeye -s h -l help -d 'the options'\ncomplete -c sockeye -l version -d "
		      "'the version'\n");
	for (size_t i = 0; filter_field_at(i, &f); i++) {
		str_putf(out, "complete -c sockeye -a '%s=' -d ", f.name);
		text_put_shell(out, f.help ? f.help : "");
		str_putc(out, '\n');
		str_puts(&before, f.name);
		str_putc(&before, '=');
		if (field_words(f.name, str_text(&before), &words))
			str_putf(out,
				 "complete -c sockeye -n 'string match -q \"%s*\" -- (commandline -ct)' -a "
				 "'%s'\n",
				 str_text(&before), words.s);
		str_clear(&before);
	}
	str_done(&words);
	str_done(&before);
}

/* ---- For the tests ---- */

void docs_table(struct str *out)
{
	for (size_t i = 0; i < commands_n; i++)
		if (commands[i].run)
			str_putf(out, "command\t%s\t%s\n", name_of(&commands[i]), commands[i].help);
	for (size_t i = 0; i < option_rows_n; i++) {
		const struct option_row *row = &option_rows[i];

		for (size_t k = 0; k < commands_n; k++)
			if (commands[k].run && (commands[k].bit & row->on))
				str_putf(out, "option\t%s\t%.*s\t%s\t%s\t%s\n", name_of(&commands[k]),
					 row->letter ? 1 : 0, &row->letter, row->name,
					 row->arg ? row->arg : "", row->help);
	}
}
