/* SPDX-License-Identifier: MIT */
#ifndef HEADER_SWITCH_OFF_H
#define HEADER_SWITCH_OFF_H

#ifdef CONFIG_MMU
#define HEADER_SWITCH_OFF_FILLS
#define HEADER_SWITCH_OFF_PAGES (1U << 1)
#endif

#endif
