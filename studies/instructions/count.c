/* A plugin for QEMU's user-mode emulation of AArch64 and 32-bit ARM that counts executed
 * instructions, those of SIMD and floating point apart; 32-bit ARM as Thumb, which compilers write.
 * Build with `cc -shared -fPIC`, load with `qemu-aarch64 -plugin` or `qemu-arm -plugin`.
 * Whenever the program asks for its session with getsid(0), which a program has no other reason to
 * do so often, it writes "instructions N simd M" to standard error: the difference of two lines is
 * the work between the calls. Exact while the program has one thread.
 *
 * The few functions of the plugin interface, version 1, that it calls are declared here, since
 * distributions do not ship the header. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

/* As Linux numbers its calls. */
enum { GETSID_AARCH64 = 156, GETSID_ARM = 147 };

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum qemu_plugin_op { QEMU_PLUGIN_INLINE_ADD_U64 };

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id,
                                           void (*callback)(qemu_plugin_id_t id,
                                                            struct qemu_plugin_tb* block));
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb* block, enum qemu_plugin_op op,
                                              void* counter, uint64_t amount);
void qemu_plugin_register_vcpu_syscall_cb(qemu_plugin_id_t id,
                                          void (*callback)(qemu_plugin_id_t id, unsigned int cpu,
                                                           int64_t number, uint64_t, uint64_t,
                                                           uint64_t, uint64_t, uint64_t, uint64_t,
                                                           uint64_t, uint64_t));
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb* block);
struct qemu_plugin_insn* qemu_plugin_tb_get_insn(const struct qemu_plugin_tb* block, size_t index);
const void* qemu_plugin_insn_data(const struct qemu_plugin_insn* instruction);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn* instruction);
struct qemu_info {
  const char* target_name; /* and more */
};

EXPORT int qemu_plugin_version = 1;

static int is_thumb;
static uint64_t instructions;
static uint64_t simd;

/* Arm Architecture Reference Manual, "A64 instruction set encoding": in bits 28-25, x111 is data
 * processing of SIMD and floating point; x1x0 is a load or store, of a SIMD register if bit 26 is
 * set. */
static int is_simd_of_aarch64(uint32_t code) {
  const uint32_t group = code >> 25 & 0xf;
  const int computes = (group & 0x7) == 0x7;
  const int loads_or_stores = (group & 0x5) == 0x4 && (code >> 26 & 1);
  return computes || loads_or_stores;
}

/* Arm Architecture Reference Manual for ARMv7-A, "32-bit Thumb instruction encoding": 111x1111 is
 * data processing of Advanced SIMD, 11111001xxx0 its loads and stores; 111x11 with the coprocessor
 * 10 or 11 is floating point. */
static int is_simd_of_thumb(const uint8_t* bytes) {
  const int computes = (bytes[1] & 0xef) == 0xef;
  const int loads_or_stores = bytes[1] == 0xf9 && (bytes[0] & 0x10) == 0;
  const int floats = (bytes[1] & 0xec) == 0xec && (bytes[3] & 0xe) == 0xa;
  return computes || loads_or_stores || floats;
}

static int is_simd(const struct qemu_plugin_insn* instruction) {
  const uint8_t* bytes = qemu_plugin_insn_data(instruction);
  if (is_thumb) return qemu_plugin_insn_size(instruction) == 4 && is_simd_of_thumb(bytes);
  return is_simd_of_aarch64((uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 |
                            (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24);
}

static void on_translation(qemu_plugin_id_t id, struct qemu_plugin_tb* block) {
  const size_t count = qemu_plugin_tb_n_insns(block);
  uint64_t of_simd = 0;
  (void)id;
  for (size_t i = 0; i < count; ++i) of_simd += is_simd(qemu_plugin_tb_get_insn(block, i));
  qemu_plugin_register_vcpu_tb_exec_inline(block, QEMU_PLUGIN_INLINE_ADD_U64, &instructions, count);
  if (of_simd != 0) {
    qemu_plugin_register_vcpu_tb_exec_inline(block, QEMU_PLUGIN_INLINE_ADD_U64, &simd, of_simd);
  }
}

static void on_system_call(qemu_plugin_id_t id, unsigned int cpu, int64_t number, uint64_t a,
                           uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f, uint64_t g,
                           uint64_t h) {
  (void)id, (void)cpu, (void)a, (void)b, (void)c, (void)d, (void)e, (void)f, (void)g, (void)h;
  if (number != (is_thumb ? GETSID_ARM : GETSID_AARCH64)) return;
  fprintf(stderr, "instructions %llu simd %llu\n", (unsigned long long)instructions,
          (unsigned long long)simd);
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info* info, int argc,
                               char** argv) {
  is_thumb = strcmp(info->target_name, "arm") == 0;
  (void)argc;
  (void)argv;
  qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
  qemu_plugin_register_vcpu_syscall_cb(id, on_system_call);
  return 0;
}
