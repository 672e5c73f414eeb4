// The native methods of org.bireid.Detector over engine/bireid_detector.h.
//
// Detector.java checks sizes and calls nothing after close(). As in bireid_jni.cc.
#include <jni.h>

#include <cstdint>
#include <memory>
#include <new>

#include "engine/bireid_detector.h"
#include "jni_support.h"

using bireid_jni::ByteArray;
using bireid_jni::ThrowLastError;
using bireid_jni::ToBytes;

namespace {

constexpr int32_t kNumbersOfBox = 5;  // left, top, right, bottom, score

bireid_detector* FromHandle(jlong handle) {
  return bireid_jni::FromHandle<bireid_detector>(handle);
}

}  // namespace

extern "C" {

JNIEXPORT jlong JNICALL Java_org_bireid_Detector_nativeOpen(JNIEnv* env, jclass,
                                                            jbyteArray directory, jint threads,
                                                            jbyteArray isa, jbyteArray stem,
                                                            jboolean skip_checksums,
                                                            jbyteArray camera) {
  return bireid_jni::Open(env, {env, directory, threads, isa, stem, skip_checksums, camera},
                          bireid_detector_open);
}

JNIEXPORT jint JNICALL Java_org_bireid_Detector_nativeClassCount(JNIEnv*, jclass, jlong handle) {
  return bireid_detector_class_count(FromHandle(handle));
}

JNIEXPORT jbyteArray JNICALL Java_org_bireid_Detector_nativeClassName(JNIEnv* env, jclass,
                                                                      jlong handle, jint index) {
  return ToBytes(env, bireid_detector_class_name(FromHandle(handle), index));
}

JNIEXPORT jint JNICALL Java_org_bireid_Detector_nativeMaxBoxes(JNIEnv*, jclass, jlong handle) {
  return bireid_detector_max_boxes(FromHandle(handle));
}

JNIEXPORT jbyteArray JNICALL Java_org_bireid_Detector_nativeFingerprint(JNIEnv* env, jclass,
                                                                        jlong handle) {
  return ToBytes(env, bireid_detector_fingerprint(FromHandle(handle)));
}

JNIEXPORT jbyteArray JNICALL Java_org_bireid_Detector_nativeDescribe(JNIEnv* env, jclass,
                                                                     jlong handle) {
  return ToBytes(env, bireid_detector_describe(FromHandle(handle)));
}

// Fills `numbers`, five of each box, and `labels`, which have room for all; returns how many.
JNIEXPORT jint JNICALL Java_org_bireid_Detector_nativeDetect(JNIEnv* env, jclass, jlong handle,
                                                             jbyteArray pixels, jint width,
                                                             jint height, jdouble threshold,
                                                             jfloatArray numbers,
                                                             jintArray labels) {
  const ByteArray bytes(env, pixels);
  if (!bytes.ok()) return 0;
  const int32_t capacity = bireid_detector_max_boxes(FromHandle(handle));
  const std::unique_ptr<bireid_box[]> boxes(new (std::nothrow) bireid_box[capacity]);
  if (boxes == nullptr) {
    ThrowLastError(env, BIREID_OUT_OF_MEMORY);
    return 0;
  }
  int32_t count = 0;
  const bireid_status status = bireid_detect_rgb8(FromHandle(handle), bytes.data(), width, height,
                                                  0, threshold, boxes.get(), capacity, &count);
  if (status != BIREID_OK) ThrowLastError(env, status);
  for (int32_t i = 0; i < count; ++i) {
    const jfloat row[kNumbersOfBox] = {boxes[i].left, boxes[i].top, boxes[i].right, boxes[i].bottom,
                                       boxes[i].score};
    env->SetFloatArrayRegion(numbers, i * kNumbersOfBox, kNumbersOfBox, row);
    const jint label = boxes[i].class_index;
    env->SetIntArrayRegion(labels, i, 1, &label);
  }
  return count;
}

JNIEXPORT jbyteArray JNICALL Java_org_bireid_Detector_nativeSelfTest(JNIEnv* env, jclass,
                                                                     jlong handle,
                                                                     jdoubleArray measured) {
  return bireid_jni::SelfTest(env, handle, measured, bireid_detector_selftest);
}

JNIEXPORT void JNICALL Java_org_bireid_Detector_nativeClose(JNIEnv*, jclass, jlong handle) {
  bireid_detector_close(FromHandle(handle));
}

}  // extern "C"
