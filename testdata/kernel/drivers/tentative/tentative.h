/* SPDX-License-Identifier: MIT */
#ifndef TENTATIVE_H
#define TENTATIVE_H

#include <linux/shrinker.h>

extern struct shrinker tentative_far_shrinker;
extern struct shrinker tentative_idle_shrinker;

#endif
