/*
 * The grounds of the Official Information Act 1982 on which information may be withheld, and the
 * refusals of its section 18. What each protects is said in our own words; the Act is the
 * authority.
 *
 * A citation is read against the table with spaces before "(" and any case allowed. It must be
 * whole: 9(2)(f) names no ground, and neither does 6(a)(i), so neither is read as something near
 * it.
 */
#include "proto/withhold.h"

#include <string.h>

#include "proto/schema.h"

static const struct cts_ground grounds[] = {
	{"6(a)", "the security or defence of New Zealand, or its international relations"},
	{"6(b)(i)", "information that another government entrusted in confidence"},
	{"6(b)(ii)", "information that an international organisation entrusted in confidence"},
	{"6(c)", "the maintenance of the law and the right to a fair trial"},
	{"6(d)", "the safety of any person"},
	{"6(e)(i)", "the economy, from early word of decisions on exchange rates or their control"},
	{"6(e)(ii)", "the economy, from early word of decisions on banking or credit"},
	{"6(e)(iii)", "the economy, from early word of decisions on taxation"},
	{"6(e)(iv)", "the economy, from early word of decisions on prices, wages or incomes"},
	{"6(e)(v)", "the economy, from early word of decisions on government borrowing"},
	{"6(e)(vi)", "the economy, from early word of decisions on overseas trade agreements"},
	{"7(a)(i)", "the security or defence of the Cook Islands"},
	{"7(a)(ii)", "the security or defence of Niue"},
	{"7(a)(iii)", "the security or defence of Tokelau"},
	{"7(a)(iv)", "the security or defence of the Ross Dependency"},
	{"7(b)(i)", "relations of New Zealand with the Cook Islands or Niue"},
	{"7(b)(ii)", "relations of the Cook Islands with New Zealand or Niue"},
	{"7(b)(iii)", "relations of Niue with New Zealand or the Cook Islands"},
	{"7(c)(i)", "the international relations of the Cook Islands"},
	{"7(c)(ii)", "the international relations of Niue"},
	{"9(2)(a)", "the privacy of natural persons, deceased ones included"},
	{"9(2)(b)(i)", "a trade secret"},
	{"9(2)(b)(ii)", "the commercial position of whoever supplied or is the subject of it"},
	{"9(2)(ba)(i)", "information given in confidence, so that such information keeps coming"},
	{"9(2)(ba)(ii)",
		"information given in confidence, whose release would harm the public interest"},
	{"9(2)(c)", "measures for the health or safety of the public"},
	{"9(2)(d)", "the substantial economic interests of New Zealand"},
	{"9(2)(e)", "measures that prevent or lessen material loss to the public"},
	{"9(2)(f)(i)", "communications with the Sovereign or the Sovereign's representative"},
	{"9(2)(f)(ii)", "the collective and individual responsibility of ministers"},
	{"9(2)(f)(iii)", "the political neutrality of officials"},
	{"9(2)(f)(iv)", "the confidentiality of advice by ministers and officials"},
	{"9(2)(g)(i)", "the free and frank expression of opinions"},
	{"9(2)(g)(ii)", "ministers and officials from improper pressure or harassment"},
	{"9(2)(h)", "legal professional privilege"},
	{"9(2)(i)", "commercial activities of the agency that holds it"},
	{"9(2)(j)", "negotiations of the agency that holds it"},
	{"9(2)(k)", "against use of official information for improper gain or advantage"},
};

static const char *const refusals[] = {"18(a)", "18(b)", "18(c)(i)", "18(c)(ii)", "18(d)", "18(da)",
	"18(e)", "18(f)", "18(g)", "18(h)"};

#define GROUND_COUNT (sizeof(grounds) / sizeof(grounds[0]))
#define REFUSAL_COUNT (sizeof(refusals) / sizeof(refusals[0]))

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* ASCII spaces and the no-break space, which word processors put into citations. */
static const char *skip_spaces(const char *text)
{
	for (;;) {
		if (*text == ' ' || *text == '\t' || *text == '\n')
			text++;
		else if (strncmp(text, "\xc2\xa0", 2) == 0)
			text += 2;
		else
			return text;
	}
}

/* Past "section", "sec.", "s" and the like, if one stands before a number. */
static const char *skip_section(const char *text)
{
	static const char *const words[] = {
		"sections", "section", "secs", "sec", "ss", "s", "\xc2\xa7"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		const char *at = text, *word = words[i];

		while (*word && lower(*at) == *word) {
			at++;
			word++;
		}
		if (*word)
			continue;
		at = skip_spaces(at + (*at == '.'));
		if (*at >= '0' && *at <= '9')
			return at;
	}
	return text;
}

/* "(iv)" stands at `text`: a sub-paragraph follows. */
static bool is_paragraph(const char *text)
{
	size_t size = 1;

	if (*text != '(')
		return false;
	while ((lower(text[size]) >= 'a' && lower(text[size]) <= 'z') ||
		(text[size] >= '0' && text[size] <= '9'))
		size++;
	return size > 1 && size <= 5 && text[size] == ')';
}

/* Where the citation `name` ends at `text`; NULL when it does not stand there. */
static const char *match(const char *name, const char *text)
{
	for (; *name; name++, text++) {
		if (*name == '(')
			text = skip_spaces(text);
		if (lower(*text) != *name)
			return NULL;
	}
	return is_paragraph(text) ? NULL : text;
}

const char *cts_ground_parse(const char *text, size_t *size)
{
	const char *at = skip_section(text);

	if (*at != '6' && *at != '7' && *at != '9')
		return NULL;
	for (size_t i = 0; i < GROUND_COUNT; i++) {
		const char *end = match(grounds[i].name, at);

		if (!end)
			continue;
		if (size)
			*size = (size_t)(end - text);
		return grounds[i].name;
	}
	return NULL;
}

const char *cts_refusal_parse(const char *text, size_t *size)
{
	const char *at = skip_section(text);

	for (size_t i = 0; i < REFUSAL_COUNT; i++) {
		const char *end = match(refusals[i], at);

		if (!end)
			continue;
		if (size)
			*size = (size_t)(end - text);
		return refusals[i];
	}
	return NULL;
}

const char *cts_ground_nearest(const char *text)
{
	const char *names[GROUND_COUNT + REFUSAL_COUNT];

	for (size_t i = 0; i < GROUND_COUNT; i++)
		names[i] = grounds[i].name;
	for (size_t i = 0; i < REFUSAL_COUNT; i++)
		names[GROUND_COUNT + i] = refusals[i];
	return cts_nearest(skip_section(text), names, GROUND_COUNT + REFUSAL_COUNT);
}

size_t cts_ground_count(void)
{
	return GROUND_COUNT;
}

const struct cts_ground *cts_ground_at(size_t index)
{
	return &grounds[index];
}
