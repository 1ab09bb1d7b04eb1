/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_CLEANUP_H
#define _LINUX_CLEANUP_H

#include <linux/compiler.h>

/* Give back a variable's value when the variable goes out of scope. _T names the value in _free. */
#define DEFINE_FREE(_name, _type, _free)					\
	static inline void __free_##_name(void *where)				\
	{									\
		_type _T = *(_type *)where;					\
										\
		_free;								\
	}

#define __free(_name) __cleanup(__free_##_name)

#define no_free_ptr(p) ({			\
	__auto_type __kept = (p);		\
						\
	(p) = NULL;				\
	__kept;					\
})
#define return_ptr(p) return no_free_ptr(p)

/* A type with a constructor and a destructor. */
#define DEFINE_CLASS(_name, _type, _exit, _init, _init_args...)			\
	typedef _type class_##_name##_t;					\
	static inline void class_##_name##_destructor(_type *where)		\
	{									\
		_type _T = *where;						\
										\
		_exit;								\
	}									\
	static inline _type class_##_name##_constructor(_init_args)		\
	{									\
		return _init;							\
	}

#define CLASS(_name, var)							\
	class_##_name##_t var __cleanup(class_##_name##_destructor) __maybe_unused = \
		class_##_name##_constructor

/* A class whose value is the lock's address, NULL where it was not taken. */
#define DEFINE_GUARD(_name, _type, _lock, _unlock)				\
	DEFINE_CLASS(_name, _type, if (_T) { _unlock; }, ({ _lock; _T; }), _type _T)

#define DEFINE_GUARD_COND(_name, _ext, _condlock)				\
	typedef class_##_name##_t class_##_name##_ext##_t;			\
	static inline void class_##_name##_ext##_destructor(class_##_name##_t *where) \
	{									\
		class_##_name##_destructor(where);				\
	}									\
	static inline class_##_name##_t						\
	class_##_name##_ext##_constructor(class_##_name##_t _T)			\
	{									\
		return (_condlock) ? _T : (void *)0;				\
	}

/* The same for locks that need more than their address to be released. */
#define DEFINE_LOCK_GUARD_1(_name, _type, _lock, _unlock, ...)			\
	typedef struct {							\
		_type *lock;							\
		__VA_ARGS__;							\
	} class_##_name##_t;							\
	static inline void class_##_name##_destructor(class_##_name##_t *_T)	\
	{									\
		if (_T->lock) { _unlock; }					\
	}									\
	static inline class_##_name##_t class_##_name##_constructor(_type *l)	\
	{									\
		class_##_name##_t __value = { .lock = l }, *_T = &__value;	\
										\
		_lock;								\
		return __value;							\
	}

/* And for what has no address at all. */
#define DEFINE_LOCK_GUARD_0(_name, _lock, _unlock, ...)				\
	typedef struct {							\
		void *lock;							\
		__VA_ARGS__;							\
	} class_##_name##_t;							\
	static inline void class_##_name##_destructor(class_##_name##_t *_T)	\
	{									\
		if (_T->lock) { _unlock; }					\
	}									\
	static inline class_##_name##_t class_##_name##_constructor(void)	\
	{									\
		class_##_name##_t __value = { .lock = (void *)1 }, *_T = &__value; \
										\
		_lock;								\
		return __value;							\
	}

#define guard(_name) CLASS(_name, __UNIQUE_ID(guard))

/* The name of the turn's variable is made by the outer one, so that regions can nest. */
#define __scoped_guard(_name, _turn, args...)					\
	for (int _turn = 1; _turn; _turn = 0)					\
		for (CLASS(_name, scope)(args); _turn; _turn = 0)

#define scoped_guard(_name, args...)						\
	__scoped_guard(_name, __UNIQUE_ID(turn), args)

#define scoped_cond_guard(_name, _fail, args...)				\
	for (int __turn = 1; __turn; __turn = 0)				\
		for (CLASS(_name, scope)(args); __turn; __turn = 0)		\
			if (!scope) {						\
				_fail;						\
			} else

#endif
