#include "watching/assignment.h"

#include <algorithm>
#include <limits>

namespace bireid {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Of a matrix with as many columns as rows, or more. Rows and columns count from 1; 0 is "none
// yet".
class Matching {
 public:
  Matching(const std::vector<double>& costs, size_t rows, size_t columns)
      : costs_(costs),
        width_(columns),
        of_row_(rows + 1),
        of_column_(columns + 1),
        owner_(columns + 1) {
    for (size_t row = 1; row <= rows; ++row) Augment(row);
  }

  // The row that a column is paired with, or 0.
  size_t owner(size_t column) const { return owner_[column]; }

 private:
  double Cost(size_t row, size_t column) const { return costs_[(row - 1) * width_ + (column - 1)]; }

  // Gives a row a column along the shortest path of pairs that change.
  void Augment(size_t row) {
    owner_[0] = row;
    std::vector<size_t> came_from(width_ + 1, 0);
    std::vector<double> slack(width_ + 1, kInfinity);
    std::vector<char> done(width_ + 1, 0);
    size_t column = 0;
    while (owner_[column] != 0) {
      done[column] = 1;
      column = Nearest(column, done, &slack, &came_from);
      const double step = slack[column];
      for (size_t each = 0; each <= width_; ++each) {
        if (done[each]) {
          of_row_[owner_[each]] += step;
          of_column_[each] -= step;
        } else {
          slack[each] -= step;
        }
      }
    }
    while (column != 0) {
      owner_[column] = owner_[came_from[column]];
      column = came_from[column];
    }
  }

  // The column that costs least, of equal ones the first, once the row of `from` is known.
  size_t Nearest(size_t from, const std::vector<char>& done, std::vector<double>* slack,
                 std::vector<size_t>* came_from) const {
    const size_t row = owner_[from];
    size_t nearest = 0;
    double least = kInfinity;
    for (size_t each = 1; each <= width_; ++each) {
      if (done[each]) continue;
      const double reduced = Cost(row, each) - of_row_[row] - of_column_[each];
      if (reduced < (*slack)[each]) {
        (*slack)[each] = reduced;
        (*came_from)[each] = from;
      }
      if ((*slack)[each] < least) {
        least = (*slack)[each];
        nearest = each;
      }
    }
    return nearest;
  }

  const std::vector<double>& costs_;
  const size_t width_;
  std::vector<double> of_row_, of_column_;
  std::vector<size_t> owner_;
};

std::vector<double> Transposed(const std::vector<double>& costs, size_t rows, size_t columns) {
  std::vector<double> turned(costs.size());
  for (size_t row = 0; row < rows; ++row) {
    for (size_t column = 0; column < columns; ++column) {
      turned[column * rows + row] = costs[row * columns + column];
    }
  }
  return turned;
}

}  // namespace

std::vector<std::pair<size_t, size_t>> Assign(const std::vector<double>& costs, size_t rows,
                                              size_t columns) {
  std::vector<std::pair<size_t, size_t>> pairs;
  if (rows > columns) {
    for (const auto& [column, row] : Assign(Transposed(costs, rows, columns), columns, rows)) {
      pairs.emplace_back(row, column);
    }
  } else {
    const Matching matching(costs, rows, columns);
    for (size_t column = 1; column <= columns; ++column) {
      if (matching.owner(column) != 0) pairs.emplace_back(matching.owner(column) - 1, column - 1);
    }
  }
  std::sort(pairs.begin(), pairs.end());
  return pairs;
}

}  // namespace bireid
