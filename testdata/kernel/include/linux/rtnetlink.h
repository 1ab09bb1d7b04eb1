/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_RTNETLINK_H
#define _LINUX_RTNETLINK_H

void rtnl_lock(void);
int rtnl_trylock(void);
void rtnl_unlock(void);

#endif
