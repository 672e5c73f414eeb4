// Exact assignment of least cost.
#ifndef BIREID_WATCHING_ASSIGNMENT_H_
#define BIREID_WATCHING_ASSIGNMENT_H_

#include <cstddef>
#include <utility>
#include <vector>

namespace bireid {

// Pairs rows with columns so that the sum of costs is least; all of the fewer ones are paired.
// `costs` is [rows][columns], finite. By ascending rows.
//
// Shortest augmenting paths with potentials (Jonker and Volgenant, Computing 38, 1987), with the
// order of sums and of equal costs that bireid_runtime/watching/assignment.py has.
std::vector<std::pair<size_t, size_t>> Assign(const std::vector<double>& costs, size_t rows,
                                              size_t columns);

}  // namespace bireid

#endif  // BIREID_WATCHING_ASSIGNMENT_H_
