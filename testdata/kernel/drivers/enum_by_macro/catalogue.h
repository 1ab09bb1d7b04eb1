/* SPDX-License-Identifier: MIT */
#ifndef CATALOGUE_H
#define CATALOGUE_H

#define CATALOGUE_REQUESTS()	\
	x(PEEK)			\
	x(GROW)			\
	x(DROP)

enum catalogue_request {
#define x(name) CATALOGUE_##name,
	CATALOGUE_REQUESTS()
#undef x
	CATALOGUE_NR
};

#endif
