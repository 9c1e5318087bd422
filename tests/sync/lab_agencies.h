/*
 * The world that most tests of the road begin in: DPMC's store `a`, whose remote "origin" is the repository
 * `hub`, and NZP's store `b`, a clone of that hub. A test that needs less takes an earlier step of the same
 * way, one that needs more goes on in a set-up of its own; end_agencies() ends them all, also where
 * there is no `b`. Not in lab.h, because a test with other stores calls them `a` and `b` as well.
 */
#ifndef TESTS_SYNC_LAB_AGENCIES_H
#define TESTS_SYNC_LAB_AGENCIES_H

#include "lab.h"

static struct lab_store a, b;

/* DPMC has its hub, and has written nothing. */
FIXTURE int make_agency(void **state)
{
	make_lab(state);
	lab_hub("hub");
	a = lab_init("a", "DPMC");
	lab_remote(&a, "origin", "hub");
	return 0;
}

/* It has written initiative/x, and pushed nothing. */
FIXTURE int make_agency_at_work(void **state)
{
	make_agency(state);
	lab_put(&a, "initiative/x", "title", "Grow");
	return 0;
}

/* Pushes what DPMC has written, of which NZP makes its store. */
FIXTURE void let_nzp_join(void)
{
	lab_push(&a, "origin");
	b = lab_clone("b", "NZP", "hub");
}

/* Both have initiative/x, and it is in the hub. */
FIXTURE int make_two_agencies(void **state)
{
	make_agency_at_work(state);
	let_nzp_join();
	return 0;
}

FIXTURE int end_agencies(void **state)
{
	lab_end();
	lab_close(&a);
	lab_close(&b);
	return remove_lab(state);
}

#endif
