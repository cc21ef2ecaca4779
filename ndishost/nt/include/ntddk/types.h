/* SPDX-License-Identifier: MIT */
/*
 * The scalar types, counted strings and small unions of NT, with Windows' sizes.
 *
 * LONG and ULONG are 32 bits on both architectures; 64-bit types are 8-aligned on both, which
 * Linux on x86 would not do by itself. WCHAR is a UTF-16 code unit: write u"" literals, never
 * L"".
 */

#ifndef NDISHOST_NTDDK_TYPES_H
#define NDISHOST_NTDDK_TYPES_H

#define VOID  void
#define CONST const
typedef void *PVOID, **PPVOID;
typedef char CHAR, CCHAR, *PCHAR, *PSTR, *PSZ;
typedef const char *PCSTR, *PCSZ, *PCCHAR;
typedef signed char SCHAR;
typedef unsigned char UCHAR, *PUCHAR;
typedef const UCHAR *PCUCHAR;
typedef short SHORT, CSHORT, *PSHORT;
typedef unsigned short USHORT, *PUSHORT;
typedef int LONG, *PLONG;
typedef unsigned int ULONG, *PULONG;
typedef unsigned int LOGICAL, *PLOGICAL;
typedef long long LONGLONG __attribute__((aligned(8)));
typedef unsigned long long ULONGLONG __attribute__((aligned(8)));
typedef LONGLONG *PLONGLONG;
typedef ULONGLONG *PULONGLONG;
typedef UCHAR BOOLEAN, *PBOOLEAN;
typedef __CHAR16_TYPE__ WCHAR, *PWCHAR, *PWSTR, *PWCH;
typedef const WCHAR *PCWSTR, *PCWCH;
typedef signed char INT8;
typedef unsigned char UINT8;
typedef short INT16;
typedef unsigned short UINT16;
typedef int INT32, LONG32, *PINT32, *PLONG32;
typedef unsigned int UINT32, ULONG32, DWORD32, *PUINT32, *PULONG32;
typedef LONGLONG INT64, LONG64, *PINT64, *PLONG64;
typedef ULONGLONG UINT64, ULONG64, DWORD64, *PUINT64, *PULONG64;
typedef __INTPTR_TYPE__ INT_PTR, LONG_PTR, SSIZE_T, *PLONG_PTR;
typedef __UINTPTR_TYPE__ UINT_PTR, ULONG_PTR, SIZE_T, *PULONG_PTR, *PSIZE_T;

typedef LONG NTSTATUS, *PNTSTATUS;
typedef PVOID HANDLE, *PHANDLE;
typedef UCHAR KIRQL, *PKIRQL;
typedef CCHAR KPROCESSOR_MODE;
typedef LONG KPRIORITY;
typedef ULONG_PTR KSPIN_LOCK, *PKSPIN_LOCK;
typedef ULONG_PTR KAFFINITY, *PKAFFINITY;
typedef ULONG_PTR PFN_NUMBER, *PPFN_NUMBER;
typedef ULONG_PTR ERESOURCE_THREAD;
typedef ULONG ACCESS_MASK, *PACCESS_MASK;
typedef ULONG DEVICE_TYPE;
typedef USHORT LANGID;
typedef ULONG LCID;

#define TRUE        1
#define FALSE       0

#define MAXUCHAR    0xFF
#define MAXUSHORT   0xFFFF
#define MAXLONG     0x7FFFFFFF
#define MAXULONG    0xFFFFFFFFU
#define MAXLONGLONG 0x7FFFFFFFFFFFFFFFLL

typedef union _LARGE_INTEGER {
    struct {
        ULONG LowPart;
        LONG HighPart;
    };
    struct {
        ULONG LowPart;
        LONG HighPart;
    } u;
    LONGLONG QuadPart;
} LARGE_INTEGER, *PLARGE_INTEGER;

typedef union _ULARGE_INTEGER {
    struct {
        ULONG LowPart;
        ULONG HighPart;
    };
    struct {
        ULONG LowPart;
        ULONG HighPart;
    } u;
    ULONGLONG QuadPart;
} ULARGE_INTEGER, *PULARGE_INTEGER;

typedef LARGE_INTEGER PHYSICAL_ADDRESS, *PPHYSICAL_ADDRESS;

/*
 * What a function that drivers declare as returning LARGE_INTEGER or PHYSICAL_ADDRESS returns
 * here. Windows returns those in EDX:EAX on x86, where Linux would use memory; a plain integer
 * agrees.
 */
typedef LONGLONG LARGE_INTEGER_RETURN;

typedef struct _UNICODE_STRING {
    USHORT Length; /* bytes */
    USHORT MaximumLength;
    PWCH Buffer;
} UNICODE_STRING, *PUNICODE_STRING;
typedef const UNICODE_STRING *PCUNICODE_STRING;

typedef struct _STRING {
    USHORT Length;
    USHORT MaximumLength;
    PCHAR Buffer;
} STRING, *PSTRING, ANSI_STRING, *PANSI_STRING, OEM_STRING, *POEM_STRING;
typedef const STRING *PCSTRING, *PCANSI_STRING;

typedef struct _GUID {
    ULONG Data1;
    USHORT Data2;
    USHORT Data3;
    UCHAR Data4[8];
} GUID, *LPGUID, *PGUID;
typedef const GUID *LPCGUID;

typedef struct _LUID {
    ULONG LowPart;
    LONG HighPart;
} LUID, *PLUID;

typedef struct _PROCESSOR_NUMBER {
    USHORT Group;
    UCHAR Number;
    UCHAR Reserved;
} PROCESSOR_NUMBER, *PPROCESSOR_NUMBER;

typedef struct _GROUP_AFFINITY {
    KAFFINITY Mask;
    USHORT Group;
    USHORT Reserved[3];
} GROUP_AFFINITY, *PGROUP_AFFINITY;

typedef struct _OBJECT_ATTRIBUTES {
    ULONG Length;
    HANDLE RootDirectory;
    PUNICODE_STRING ObjectName;
    ULONG Attributes;
    PVOID SecurityDescriptor;
    PVOID SecurityQualityOfService;
} OBJECT_ATTRIBUTES, *POBJECT_ATTRIBUTES;

typedef struct _IO_STATUS_BLOCK {
    union {
        NTSTATUS Status;
        PVOID Pointer;
    };
    ULONG_PTR Information;
} IO_STATUS_BLOCK, *PIO_STATUS_BLOCK;

typedef struct _TIME_FIELDS {
    CSHORT Year;
    CSHORT Month;
    CSHORT Day;
    CSHORT Hour;
    CSHORT Minute;
    CSHORT Second;
    CSHORT Milliseconds;
    CSHORT Weekday;
} TIME_FIELDS, *PTIME_FIELDS;

typedef struct _OSVERSIONINFOW {
    ULONG dwOSVersionInfoSize;
    ULONG dwMajorVersion;
    ULONG dwMinorVersion;
    ULONG dwBuildNumber;
    ULONG dwPlatformId;
    WCHAR szCSDVersion[128];
} OSVERSIONINFOW, *POSVERSIONINFOW, RTL_OSVERSIONINFOW, *PRTL_OSVERSIONINFOW;

typedef struct _OSVERSIONINFOEXW {
    ULONG dwOSVersionInfoSize;
    ULONG dwMajorVersion;
    ULONG dwMinorVersion;
    ULONG dwBuildNumber;
    ULONG dwPlatformId;
    WCHAR szCSDVersion[128];
    USHORT wServicePackMajor;
    USHORT wServicePackMinor;
    USHORT wSuiteMask;
    UCHAR wProductType;
    UCHAR wReserved;
} OSVERSIONINFOEXW, *POSVERSIONINFOEXW, RTL_OSVERSIONINFOEXW, *PRTL_OSVERSIONINFOEXW;

/* IRQL */
#define PASSIVE_LEVEL  0
#define LOW_LEVEL      0
#define APC_LEVEL      1
#define DISPATCH_LEVEL 2
#if defined(_AMD64_)
#define CLOCK_LEVEL   13
#define IPI_LEVEL     14
#define POWER_LEVEL   14
#define PROFILE_LEVEL 15
#define HIGH_LEVEL    15
#else
#define PROFILE_LEVEL 27
#define CLOCK1_LEVEL  28
#define CLOCK2_LEVEL  28
#define CLOCK_LEVEL   28
#define IPI_LEVEL     29
#define POWER_LEVEL   30
#define HIGH_LEVEL    31
#endif

typedef enum _MODE { KernelMode, UserMode, MaximumMode } MODE;

/* Pages */
#define PAGE_SIZE            0x1000
#define PAGE_SHIFT           12
#define PAGE_ALIGN(Va)       ((PVOID)((ULONG_PTR)(Va) & ~(ULONG_PTR)(PAGE_SIZE - 1)))
#define BYTE_OFFSET(Va)      ((ULONG)((ULONG_PTR)(Va) & (PAGE_SIZE - 1)))
#define BYTES_TO_PAGES(Size) (((Size) >> PAGE_SHIFT) + (((Size) & (PAGE_SIZE - 1)) != 0))
#define ROUND_TO_PAGES(Size) (((ULONG_PTR)(Size) + PAGE_SIZE - 1) & ~(ULONG_PTR)(PAGE_SIZE - 1))
#define ADDRESS_AND_SIZE_TO_SPAN_PAGES(Va, Size) \
    ((ULONG)(((ULONG_PTR)BYTE_OFFSET(Va) + (SIZE_T)(Size) + PAGE_SIZE - 1) >> PAGE_SHIFT))

#endif
