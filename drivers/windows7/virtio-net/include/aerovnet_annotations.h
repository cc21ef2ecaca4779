/* SPDX-License-Identifier: MIT */
/*
 * aerovnet_annotations.h: the SAL 2 annotations of the driver's prototypes, for headers that lack
 * them. WDK 7.1 has SAL 1: an annotation becomes the one of the same meaning there, or nothing.
 */
#ifndef AEROVNET_ANNOTATIONS_H
#define AEROVNET_ANNOTATIONS_H

#ifndef _In_
#define _In_ __in
#endif
#ifndef _In_opt_
#define _In_opt_ __in_opt
#endif
#ifndef _Out_
#define _Out_ __out
#endif
#ifndef _Inout_
#define _Inout_ __inout
#endif
#ifndef _In_reads_
#define _In_reads_(_Count) __in_ecount(_Count)
#endif
#ifndef _In_reads_bytes_
#define _In_reads_bytes_(_Bytes) __in_bcount(_Bytes)
#endif
#ifndef _Must_inspect_result_
#define _Must_inspect_result_ __checkReturn
#endif
#ifndef _IRQL_requires_
#define _IRQL_requires_(_Irql) __drv_requiresIRQL(_Irql)
#endif
#ifndef _IRQL_requires_max_
#define _IRQL_requires_max_(_Irql) __drv_maxIRQL(_Irql)
#endif
#ifndef _Requires_lock_held_
#define _Requires_lock_held_(_Lock)
#endif
#ifndef _Requires_lock_not_held_
#define _Requires_lock_not_held_(_Lock)
#endif

#endif
