/* SPDX-License-Identifier: MIT */
#ifndef HEADER_SWITCH_H
#define HEADER_SWITCH_H

#ifdef CONFIG_MMU
#define HEADER_SWITCH_FILLS
#define HEADER_SWITCH_PAGES (1U << 2)
#endif

#endif
