"""Words of the kernel's dialect: what a name tells about the shape of a macro's use.

Tables only. They say how to read, never what a function does, so a wrong entry costs a parse, not a
finding. Sources: include/linux/compiler*.h, init.h, cache.h, linkage.h of Linux 4.1 to 6.12.
"""

from __future__ import annotations

import re

ATTRIBUTES = frozenset(
    b"""__init __exit __initdata __initconst __exitdata __exitused __user __iomem __rcu __percpu __force
    __nocast __bitwise __bitwise__ __maybe_unused __always_unused __used __must_check __read_mostly
    __ro_after_init __cold __pure __attribute_const__ __const __noreturn __weak __visible __packed
    __ref __refdata __refconst __sched __lockfunc __kprobes __always_inline __flatten __noinline
    __deprecated __malloc __cpuidle __irq_entry __softirq_entry __exception_irq_entry __entry_text
    __meminit __meminitdata __meminitconst __memexit __memexitdata __memexitconst __devinit
    __devexit __devinitdata __devinitconst __devexitdata __devexitconst __cpuinit __cpuexit
    __cpuinitdata __cpuinitconst __net_init __net_exit __net_initdata __net_initconst __no_kcsan
    __no_kasan_or_inline __no_sanitize_or_inline __no_sanitize_address __no_sanitize_thread
    __no_sanitize_memory __no_sanitize_undefined __no_sanitize_coverage __no_kmsan_checks
    __no_stack_protector __no_caller_saved_registers __no_randomize_layout __randomize_layout
    __designated_init __latent_entropy __noscs __noclone __nocfi __signed__ __extension__ __restrict
    __restrict__ __volatile __complex__ __inline __inline__ __gnu_inline __signal_frame __bpf_kfunc
    __bpf_hook_start __bpf_hook_end __bpf_kfunc_start_defs __nonstring __noipa __no_profile
    __no_fgcse __externally_visible __alloc_size__ __nonnull_all __cacheline_aligned
    __cacheline_aligned_in_smp __page_aligned_data __page_aligned_bss ____cacheline_aligned
    ____cacheline_aligned_in_smp ____cacheline_internodealigned_in_smp
    __cacheline_internodealigned_in_smp ____cacheline_aligned_largest __aligned_largest
    __read_mostly_array __nosavedata __nosave __nostackprotector __no_instrument_function
    __init_or_module __initdata_or_module __initconst_or_module __init_memblock __initdata_memblock
    __init_refok __initdata_refok __exit_refok __startup_fn __init_rodata __vsyscall_fn
    __no_stack_limit __noendbr __nokprobe __noinitretpoline __noretpoline __indirect_branch
    __efi_runtime __efiapi __naked __attribute_malloc__ __attribute_pure__ __read_frequently
    __init_kunit __no_context_analysis""".split()
)
"""Attribute macros that take no arguments and mean nothing here, wherever they stand."""

ATTRIBUTE_CALLS = frozenset(
    b"""__attribute__ __attribute __acquires __acquire __releases __release __must_hold __must_not_hold
    __cond_acquires __cond_releases __must_hold_shared __acquires_shared __releases_shared __printf
    __scanf __section __aligned __alloc_size __counted_by __counted_by_le __counted_by_be __sized_by
    __cleanup __free __declspec __assume_aligned __no_sanitize __diagnose_as __copy __alias
    __compiletime_error __compiletime_warning __error __warning __format_arg __realloc_size
    __nonnull __optimize __target __guarded_by __pt_guarded_by __alloc_align
    __access __alignas
   """.split()
)
"""Attribute macros with arguments."""

HEADER_ATTRIBUTES = frozenset(
    b"""noinline noinline_for_stack noinline_for_tracing notrace
    noinstr asmlinkage nokprobe_inline fastcall dotraplinkage
    noreturn
    INLINE STATIC_INLINE
    FORCE_INLINE FORCE_INLINE_TEMPLATE MEM_STATIC ZSTDLIB_API FSE_PUBLIC_API HUF_PUBLIC_API
    BMI2_TARGET_ATTRIBUTE""".split()
)
"""Words without underscores that stand before a declaration and are no type."""

TYPE_WORDS = frozenset(
    b"""static extern inline typedef register const volatile struct union enum int char long short void
    unsigned signed float double bool _Bool auto restrict _Noreturn _Thread_local __thread __int128""".split()
)
PRIMITIVES = frozenset(b"int char long short void unsigned signed float double bool _Bool __int128".split())

KEYWORDS = frozenset(
    b"""if for while do switch return sizeof else goto case default break continue typeof __typeof__
    _Alignof alignof __alignof__ __alignof asm __asm__ __asm _Generic offsetof _Static_assert""".split()
)
"""Words before ``(`` that call nothing."""

STATEMENT_WORDS = frozenset(
    b"if for while do switch return goto case default break continue static struct union enum".split()
)

LOOP_NAME = re.compile(
    rb"\w*(?:for_?each|for_?all|FOR_?EACH|FOR_?ALL|ForEach|do_each|_for_|_each_)\w*\Z|scoped_\w*guard\w*\Z|\w*_scope\Z"
    rb"|for_\w+\Z|with_\w+\Z|\w*_foreach\w*\Z|\w*foreach\w*\Z|for[A-Z_]\w*\Z|if_\w+\Z|while_\w+\Z|\w+_iterate\w*\Z|\w+_while\Z"
    rb"|\w+_guard\Z|(?:un)?less_\w+\Z|loop_\w+\Z|iterate_\w+\Z|FOR_\w+\Z|\w*_FOR_\w+\Z|IF_\w+\Z"
)
"""Names of macros that a statement follows, when nobody knows the macro itself."""

EACH_NAME = re.compile(rb"\w*for_?each\w*\Z")
"""Names that leave no doubt: whatever follows is the loop's body."""
