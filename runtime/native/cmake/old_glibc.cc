// Lets a shared library run with the glibc of 2012 (2.17) though a newer one built it.
//
// glibc 2.34 moved threads into libc.so.6 under new symbol versions, and the compiler's static
// libraries reach for further symbols that older C libraries lack. What is defined here is hidden,
// and the linker takes it for every reference inside a shared library, whichever object makes it:
// nothing includes or calls this file. tests/native/test_wheel.py says when more is needed.
#include <features.h>

#if __GLIBC_PREREQ(2, 34)

#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/stat.h>

#include <cstdint>

#if defined(__x86_64__)
#define BIREID_FIRST_VERSION "GLIBC_2.2.5"
#define BIREID_STAT_VERSION 1
#define BIREID_STAT_SUFFIX ""
#elif defined(__aarch64__)
#define BIREID_FIRST_VERSION "GLIBC_2.17"
#define BIREID_STAT_VERSION 0
#define BIREID_STAT_SUFFIX ""
#elif defined(__arm__)
#define BIREID_FIRST_VERSION "GLIBC_2.4"
#define BIREID_STAT_VERSION 3
#define BIREID_STAT_SUFFIX "64"  // of the functions that _FILE_OFFSET_BITS=64 stands for
#else
#error "Say here which symbol version the first glibc of this architecture has, and _STAT_VER."
#endif

// Declares first_NAME: the function under the version that every glibc has.
#define BIREID_FIRST_OF(result, name, symbol, ...)                      \
  __asm__(".symver first_" #name ", " symbol "@" BIREID_FIRST_VERSION); \
  result first_##name(__VA_ARGS__)
#define BIREID_FIRST(result, name, ...) BIREID_FIRST_OF(result, name, #name, __VA_ARGS__)

extern "C" {

BIREID_FIRST(int, pthread_create, pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
BIREID_FIRST(int, pthread_join, pthread_t, void**);
BIREID_FIRST(int, pthread_detach, pthread_t);
BIREID_FIRST(int, pthread_mutex_trylock, pthread_mutex_t*);
BIREID_FIRST(int, pthread_once, pthread_once_t*, void (*)());
BIREID_FIRST(int, pthread_key_create, pthread_key_t*, void (*)(void*));
BIREID_FIRST(int, __pthread_key_create, pthread_key_t*, void (*)(void*));
BIREID_FIRST(int, pthread_key_delete, pthread_key_t);
BIREID_FIRST(void*, pthread_getspecific, pthread_key_t);
BIREID_FIRST(int, pthread_setspecific, pthread_key_t, const void*);
BIREID_FIRST(int, sem_init, sem_t*, int, unsigned);
BIREID_FIRST(int, sem_post, sem_t*);
BIREID_FIRST(int, sem_wait, sem_t*);
BIREID_FIRST_OF(int, __xstat, "__xstat" BIREID_STAT_SUFFIX, int, const char*, struct stat*);
BIREID_FIRST_OF(int, __fxstat, "__fxstat" BIREID_STAT_SUFFIX, int, int, struct stat*);
BIREID_FIRST_OF(int, __lxstat, "__lxstat" BIREID_STAT_SUFFIX, int, const char*, struct stat*);

int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*start)(void*),
                   void* argument) noexcept {
  return first_pthread_create(thread, attributes, start, argument);
}

int pthread_join(pthread_t thread, void** result) { return first_pthread_join(thread, result); }

int pthread_detach(pthread_t thread) noexcept { return first_pthread_detach(thread); }

int pthread_mutex_trylock(pthread_mutex_t* mutex) noexcept {
  return first_pthread_mutex_trylock(mutex);
}

int pthread_once(pthread_once_t* once, void (*function)()) {
  return first_pthread_once(once, function);
}

int pthread_key_create(pthread_key_t* key, void (*destructor)(void*)) noexcept {
  return first_pthread_key_create(key, destructor);
}

int __pthread_key_create(pthread_key_t* key, void (*destructor)(void*)) noexcept {
  return first___pthread_key_create(key, destructor);
}

int pthread_key_delete(pthread_key_t key) noexcept { return first_pthread_key_delete(key); }

void* pthread_getspecific(pthread_key_t key) noexcept { return first_pthread_getspecific(key); }

// The header promises that the value is not looked at; to gcc, handing it on is looking.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
int pthread_setspecific(pthread_key_t key, const void* value) noexcept {
  return first_pthread_setspecific(key, value);
}
#pragma GCC diagnostic pop

int sem_init(sem_t* semaphore, int shared, unsigned value) noexcept {
  return first_sem_init(semaphore, shared, value);
}

int sem_post(sem_t* semaphore) noexcept { return first_sem_post(semaphore); }

int sem_wait(sem_t* semaphore) { return first_sem_wait(semaphore); }

// glibc 2.33: until then these were inline functions, which said what they take `struct stat` for.
int stat(const char* path, struct stat* result) noexcept {
  return first___xstat(BIREID_STAT_VERSION, path, result);
}

int fstat(int file, struct stat* result) noexcept {
  return first___fxstat(BIREID_STAT_VERSION, file, result);
}

int lstat(const char* path, struct stat* result) noexcept {
  return first___lxstat(BIREID_STAT_VERSION, path, result);
}

// glibc 2.32: whether the process has one thread, so that reference counts need no atomics. False
// is always right.
char __libc_single_threaded = 0;

}  // extern "C"

// On 32-bit ARM exceptions find their tables through a function that every glibc has.
#if __GLIBC_PREREQ(2, 35) && !defined(__arm__)

namespace {

using ProgramHeader = ElfW(Phdr);

// What dl_iterate_phdr looks for: the object that holds an address.
struct Search {
  uintptr_t address;
  dl_find_object* result;
};

int VisitObject(dl_phdr_info* object, size_t, void* data) {
  const Search& search = *static_cast<Search*>(data);
  const ProgramHeader* unwind_table = nullptr;
  bool holds_address = false;
  for (int i = 0; i < object->dlpi_phnum; ++i) {
    const ProgramHeader& segment = object->dlpi_phdr[i];
    if (segment.p_type == PT_GNU_EH_FRAME) unwind_table = &segment;
    const uintptr_t begin = object->dlpi_addr + segment.p_vaddr;
    if (segment.p_type == PT_LOAD && search.address - begin < segment.p_memsz) {
      holds_address = true;
    }
  }
  if (!holds_address || unwind_table == nullptr) return 0;
  *search.result = {};
  search.result->dlfo_eh_frame = reinterpret_cast<void*>(object->dlpi_addr + unwind_table->p_vaddr);
  return 1;
}

}  // namespace

// glibc 2.35: the unwind table of the code at an address, for exceptions. libgcc reads no other
// field.
extern "C" int _dl_find_object(void* address, dl_find_object* result) noexcept {
  Search search{reinterpret_cast<uintptr_t>(address), result};
  return dl_iterate_phdr(VisitObject, &search) == 1 ? 0 : -1;
}

#endif  // __GLIBC_PREREQ(2, 35)

#endif  // __GLIBC_PREREQ(2, 34)
