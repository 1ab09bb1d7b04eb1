/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_KCONFIG_H
#define _LINUX_KCONFIG_H

/*
 * IS_ENABLED(CONFIG_FOO) is 1 where CONFIG_FOO is defined as 1 and 0 where nobody defined it: in the
 * first case the pasted name below is a macro with a comma in it, which moves the 1 to second place.
 */
#define __on_if_1 ~,
#define __second_of(first, second, ...) second
#define __on3(pasted) __second_of(pasted 1, 0, 0)
#define __on2(value) __on3(__on_if_##value)
#define __on(option) __on2(option)

#define IS_BUILTIN(option) __on(option)
#define IS_MODULE(option) __on(option##_MODULE)
#define IS_ENABLED(option) (IS_BUILTIN(option) || IS_MODULE(option))
#define IS_REACHABLE(option) IS_ENABLED(option)

#endif
