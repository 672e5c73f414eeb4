// The native methods of org.bireid.Detector over engine/bireid_detector.h.
//
// Detector.java checks sizes and calls nothing after close(). As in bireid_jni.cc.
#include <jni.h>

#include <cstdint>
#include <new>

#include "engine/bireid_detector.h"
#include "jni_support.h"

using bireid_jni::ByteArray;
using bireid_jni::OpenArguments;
using bireid_jni::ThrowLastError;
using bireid_jni::ToBytes;

namespace {

constexpr int32_t kNumbersOfBox = 5;  // left, top, right, bottom, score

bireid_detector* FromHandle(jlong handle) {
  return reinterpret_cast<bireid_detector*>(static_cast<intptr_t>(handle));
}

}  // namespace

extern "C" {

JNIEXPORT jlong JNICALL Java_org_bireid_Detector_nativeOpen(JNIEnv* env, jclass,
                                                            jbyteArray directory, jint threads,
                                                            jbyteArray isa, jbyteArray stem,
                                                            jboolean skip_checksums,
                                                            jbyteArray camera) {
  const OpenArguments arguments(env, directory, threads, isa, stem, skip_checksums, camera);
  if (!arguments.ok()) return 0;
  bireid_detector* detector = nullptr;
  const bireid_status status =
      bireid_detector_open(arguments.directory(), arguments.options(), &detector);
  if (status != BIREID_OK) ThrowLastError(env, status);
  return static_cast<jlong>(reinterpret_cast<intptr_t>(detector));
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
  bireid_box* boxes = new (std::nothrow) bireid_box[capacity];
  if (boxes == nullptr) {
    ThrowLastError(env, BIREID_OUT_OF_MEMORY);
    return 0;
  }
  int32_t count = 0;
  const bireid_status status = bireid_detect_rgb8(FromHandle(handle), bytes.data(), width, height,
                                                  0, threshold, boxes, capacity, &count);
  if (status != BIREID_OK) ThrowLastError(env, status);
  for (int32_t i = 0; i < count; ++i) {
    const jfloat row[kNumbersOfBox] = {boxes[i].left, boxes[i].top, boxes[i].right, boxes[i].bottom,
                                       boxes[i].score};
    env->SetFloatArrayRegion(numbers, i * kNumbersOfBox, kNumbersOfBox, row);
    const jint label = boxes[i].class_index;
    env->SetIntArrayRegion(labels, i, 1, &label);
  }
  delete[] boxes;
  return count;
}

JNIEXPORT jbyteArray JNICALL Java_org_bireid_Detector_nativeSelfTest(JNIEnv* env, jclass,
                                                                     jlong handle,
                                                                     jdoubleArray measured) {
  jdouble values[2] = {0, 0};  // largest difference, smallest cosine
  const bireid_status status = bireid_detector_selftest(FromHandle(handle), &values[0], &values[1]);
  if (status == BIREID_OK || status == BIREID_SELF_TEST_FAILED) {
    env->SetDoubleArrayRegion(measured, 0, 2, values);
    return status == BIREID_OK ? nullptr : ToBytes(env, bireid_last_error());
  }
  ThrowLastError(env, status);
  return nullptr;
}

JNIEXPORT void JNICALL Java_org_bireid_Detector_nativeClose(JNIEnv*, jclass, jlong handle) {
  bireid_detector_close(FromHandle(handle));
}

}  // extern "C"
