// The native methods of org.bireid.Tracker over engine/bireid_tracker.h.
//
// Tracker.java checks sizes and calls nothing after close(). As in bireid_jni.cc.
#include <jni.h>

#include "engine/bireid_tracker.h"
#include "jni_support.h"

using bireid_jni::ByteArray;
using bireid_jni::ThrowLastError;
using bireid_jni::ToBytes;

namespace {

constexpr jsize kNumbersOfBox = 5;  // left, top, width, height, score

bireid_tracker* FromHandle(jlong handle) { return bireid_jni::FromHandle<bireid_tracker>(handle); }

}  // namespace

extern "C" {

JNIEXPORT jlong JNICALL Java_org_bireid_Tracker_nativeOpen(JNIEnv* env, jclass,
                                                           jbyteArray directory, jint threads,
                                                           jbyteArray isa, jbyteArray stem,
                                                           jboolean skip_checksums,
                                                           jbyteArray camera) {
  return bireid_jni::Open(env, {env, directory, threads, isa, stem, skip_checksums, camera},
                          bireid_tracker_open);
}

JNIEXPORT jbyteArray JNICALL Java_org_bireid_Tracker_nativeFingerprint(JNIEnv* env, jclass,
                                                                       jlong handle) {
  return ToBytes(env, bireid_tracker_fingerprint(FromHandle(handle)));
}

JNIEXPORT jbyteArray JNICALL Java_org_bireid_Tracker_nativeDescribe(JNIEnv* env, jclass,
                                                                    jlong handle) {
  return ToBytes(env, bireid_tracker_describe(FromHandle(handle)));
}

// `numbers` has room for five.
JNIEXPORT void JNICALL Java_org_bireid_Tracker_nativeStart(JNIEnv* env, jclass, jlong handle,
                                                           jbyteArray pixels, jint width,
                                                           jint height, jdoubleArray numbers) {
  const ByteArray bytes(env, pixels);
  if (!bytes.ok()) return;
  jdouble sides[kNumbersOfBox];
  env->GetDoubleArrayRegion(numbers, 0, kNumbersOfBox, sides);
  const bireid_tracked_box box = {sides[0], sides[1], sides[2], sides[3], 0};
  const bireid_status status =
      bireid_tracker_start_rgb8(FromHandle(handle), bytes.data(), width, height, 0, &box);
  if (status != BIREID_OK) ThrowLastError(env, status);
}

// Fills `numbers`, five.
JNIEXPORT void JNICALL Java_org_bireid_Tracker_nativeUpdate(JNIEnv* env, jclass, jlong handle,
                                                            jbyteArray pixels, jint width,
                                                            jint height, jdoubleArray numbers) {
  const ByteArray bytes(env, pixels);
  if (!bytes.ok()) return;
  bireid_tracked_box box;
  const bireid_status status =
      bireid_tracker_update_rgb8(FromHandle(handle), bytes.data(), width, height, 0, &box);
  if (status != BIREID_OK) {
    ThrowLastError(env, status);
    return;
  }
  const jdouble found[kNumbersOfBox] = {box.left, box.top, box.width, box.height, box.score};
  env->SetDoubleArrayRegion(numbers, 0, kNumbersOfBox, found);
}

JNIEXPORT jbyteArray JNICALL Java_org_bireid_Tracker_nativeSelfTest(JNIEnv* env, jclass,
                                                                    jlong handle,
                                                                    jdoubleArray measured) {
  return bireid_jni::SelfTest(env, handle, measured, bireid_tracker_selftest);
}

JNIEXPORT void JNICALL Java_org_bireid_Tracker_nativeClose(JNIEnv*, jclass, jlong handle) {
  bireid_tracker_close(FromHandle(handle));
}

}  // extern "C"
