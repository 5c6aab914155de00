(* Theorem T6 (output-concentration), known law: the constants of T4 and T5 for attention
   output.

   x = (x_0, ..., x_{d-1}) are the coordinates of a token with E e^{<v,x>} finite for
   every v, Z(v) = E e^{<v,x>}; a the tilt, w = e^{<a,x>}, V a matrix, c = V m(a) the
   population attention and f = V x - c (token_weight, population, deviation of
   sub_gaussian_bounds.v).  The law tilted by v has the mean m(v) and the covariance

     tilted_covariance v   C(v) = E[x x^T e^{<v,x>}] / Z(v) - m(v) m(v)^T
     output_spread v       tr(V C(v) V^T) + |V (m(v) - m(a))|^2.

     deviation_second_moment  E[|f|^2 e^{<v,x>}] = Z(v) (tr(V C(v) V^T) + |V (m(v) - m(a))|^2)
     deviation_centred E[w f] = 0
     known_law_rho     rho = Z(2a) / Z(a)^2
     known_law_kappa   kap = Z(a) Z(-a)
     known_law_A2      A2 = rho (tr(V C(2a) V^T) + |V (m(2a) - m(a))|^2)
     known_law_F0      F0 = tr(V C(0) V^T) + |V (m(0) - m(a))|^2 *)
From Coq Require Import Reals.
From mathcomp Require Import all_ssreflect ssralg ssrnum ssrint interval finmap zmodp matrix.
From mathcomp.classical Require Import mathcomp_extra boolp classical_sets functions cardinality fsbigop.
From mathcomp.analysis Require Import signed reals Rstruct ereal topology normedtype sequences esum measure lebesgue_measure numfun lebesgue_integral.
From AttentionBounds.foundation Require Import integration probability_measure.
From AttentionBounds.laplace Require Import laplace_bound.
From AttentionBounds.gaussian Require Import flat_model.
From AttentionBounds.sub_gaussian Require Import tilted_mean sub_gaussian_moments sub_gaussian_bounds.
From AttentionBounds.known_law Require Import cumulant.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Def Num.Theory.
Local Open Scope classical_set_scope.
Local Open Scope ring_scope.

Lemma spread_term (Z p q a b r : RR) : Z != 0 ->
  p * q * r = Z * (p * (r / Z - a * b) * q + p * a * (q * b)).
Proof.
by move=> Z0; rewrite [p * _ * q]mulrAC [p * a * _]mulrACA -mulrDr subrK [RHS]mulrCA [Z * _]mulrC divfK.
Qed.

Lemma spread_square (e y c : RR) :
  1 * (1 * (e * y ^+ 2) + - (2%:R * c) * (e * y)) + c ^+ 2 * e = e * (y - c) ^+ 2.
Proof.
rewrite !mul1r mulNr sqrrB !mulrDr mulrN -[y * c *+ 2]mulr_natl [c ^+ 2 * e]mulrC; congr (_ - _ + _).
by rewrite [LHS]mulrCA -mulrA [c * y]mulrC.
Qed.

Section KnownLaw.
Context d' (T : measurableType d') (mu : {measure set T -> \bar RR}).
Hypothesis mu1 : mu setT = 1%E.
Variables (d : nat) (x : 'I_d -> T -> RR).
Hypothesis mx : forall k, measurable_fun setT (x k).
Hypothesis x_finite : finite_cumulants mu x.

Definition tilted_covariance (v : 'I_d -> RR) : 'M[RR]_d := \matrix_(k, l)
  ((\int[mu]_t (rexp (linear_form x v t) * (x k t * x l t))) / mass mu x v
   - tilted_mean_vector mu x v k * tilted_mean_vector mu x v l).

Let Iexp v : Pint mu (fun t => rexp (linear_form x v t)) := x_finite v.
Let mexp v : measurable_fun setT (fun t => rexp (linear_form x v t)).
Proof. exact: (measurable_fun_comp measurable_fun_exp (measurable_linear_form mx v)). Qed.
Let Z0 v := lt0r_neq0 (mass_positive mu1 x_finite v).

Let unit k : 'I_d -> RR := fun j => (j == k)%:R.
Let linear_form_unit k t : linear_form x (unit k) t = x k t.
Proof.
rewrite /linear_form (bigD1 k)//= /unit eqxx mul1r big1 ?addr0// => j /negPf jk.
by rewrite jk mul0r.
Qed.

Let Iproduct v k l : Pint mu (fun t => rexp (linear_form x v t) * (x k t * x l t)).
Proof.
have [I _] := mean_lin 1 1 (exp_square_integrable mu1 mx x_finite v (unit k) 0)
  (exp_square_integrable mu1 mx x_finite v (unit l) 0).
apply: (@Pint_dominated _ _ mu mu1 0 _ _ _ I) => [|t].
  by apply: measurable_funM; [exact: mexp|exact: measurable_funM].
rewrite add0r !mul1r !linear_form_unit !subr0 -mulrDr normrM.
rewrite (ger0_norm (ltW (rexp_gt0 _))) ler_wpmul2l ?(ltW (rexp_gt0 _))//.
rewrite normrM -[x k t ^+ 2]real_normK ?num_real// -[x l t ^+ 2]real_normK ?num_real//.
move: (`|x k t|) (`|x l t|) (normr_ge0 (x k t)) (normr_ge0 (x l t)) => p q p0 q0.
have := sqr_ge0 (p - q); rewrite sqrrB addrAC subr_ge0 => /(le_trans _); apply.
by rewrite mulr2n ler_addl mulr_ge0.
Qed.

(* E[<u,x>^2 e^{<v,x>}] *)
Let square_mean v (u : 'I_d -> RR) : \int[mu]_t (rexp (linear_form x v t) * linear_form x u t ^+ 2) =
  mass mu x v * (\sum_(k < d) \sum_(l < d) u k * tilted_covariance v k l * u l
    + (\sum_(k < d) u k * tilted_mean_vector mu x v k) ^+ 2).
Proof.
pose q k l : RR := \int[mu]_t (rexp (linear_form x v t) * (x k t * x l t)).
have S k l : Pint mu (fun t => (u k * u l) * (rexp (linear_form x v t) * (x k t * x l t))) /\
    Pmean mu (fun t => (u k * u l) * (rexp (linear_form x v t) * (x k t * x l t))) = u k * u l * q k l.
  by apply: (@Pint_scale _ _ mu (u k * u l) _ _ (Iproduct v k l)).
have S1 k := @Pmean_sum _ _ mu mu1 d _ _ (fun l => proj1 (S k l)) (fun l => proj2 (S k l)).
have [I E] := @Pmean_sum _ _ mu mu1 d _ _ (fun k => proj1 (S1 k)) (fun k => proj2 (S1 k)).
transitivity (\sum_(k < d) \sum_(l < d) u k * u l * q k l).
  rewrite -E; congr Rintegral; apply/funext => t.
  move: (rexp _) => e; rewrite /linear_form expr2 mulr_suml mulr_sumr; apply: eq_bigr => k _.
  rewrite mulr_sumr mulr_sumr; apply: eq_bigr => l _.
  by rewrite [u k * x k t * _]mulrACA [LHS]mulrCA.
rewrite expr2 mulr_suml -big_split /= mulr_sumr; apply: eq_bigr => k _.
rewrite mulr_sumr -big_split /= mulr_sumr; apply: eq_bigr => l _.
rewrite mxE -/(q k l); exact: spread_term.
Qed.

Variables (m : nat) (V : 'M[RR]_(m, d)) (a : 'I_d -> RR).
Let f := deviation mu x V a.
Let w := token_weight x a.

Definition output_spread (v : 'I_d -> RR) : RR := \tr (V *m tilted_covariance v *m V^T)
  + \sum_(i < m) ((V *m \col_k (tilted_mean_vector mu x v k - tilted_mean_vector mu x a k)) i 0) ^+ 2.

Let spreadE v : output_spread v = \sum_(i < m) (\sum_(k < d) \sum_(l < d) V i k * tilted_covariance v k l * V i l
  + (\sum_(k < d) V i k * tilted_mean_vector mu x v k - population mu x V a i) ^+ 2).
Proof.
rewrite big_split /=; congr (_ + _); apply: eq_bigr => i _.
  rewrite mxE exchange_big /=; apply: eq_bigr => l _; rewrite [V^T l i]mxE mxE mulr_suml.
  by apply: eq_bigr.
congr (_ ^+ 2); rewrite mxE /population -sumrB; apply: eq_bigr => k _.
by rewrite mxE mulrBr.
Qed.

Lemma deviation_square_integrable v i : Pint mu (fun t => rexp (linear_form x v t) * f i t ^+ 2).
Proof. exact: exp_square_integrable. Qed.

Let one_coordinate v i : \int[mu]_t (rexp (linear_form x v t) * f i t ^+ 2) =
  mass mu x v * (\sum_(k < d) \sum_(l < d) V i k * tilted_covariance v k l * V i l
  + (\sum_(k < d) V i k * tilted_mean_vector mu x v k - population mu x V a i) ^+ 2).
Proof.
pose c := population mu x V a i; pose y t := linear_form x (V i) t.
have I2 : Pint mu (fun t => rexp (linear_form x v t) * y t ^+ 2).
  by apply: Pint_ext (exp_square_integrable mu1 mx x_finite v (V i) 0) => t; rewrite subr0.
have [J1 F1] := mean_lin 1 (- (2%:R * c)) I2 (exp_linear_integrable mu1 mx x_finite v (V i)).
have [J F] := mean_lin 1 (c ^+ 2) J1 (Iexp v).
have -> : \int[mu]_t (rexp (linear_form x v t) * f i t ^+ 2) =
    Pmean mu (fun t => 1 * (1 * (rexp (linear_form x v t) * y t ^+ 2)
      + - (2%:R * c) * (rexp (linear_form x v t) * linear_form x (V i) t)) + c ^+ 2 * rexp (linear_form x v t)).
  by congr Rintegral; apply/funext => t; rewrite spread_square.
rewrite F F1 -[Pmean mu (fun t => rexp _ * y t ^+ 2)]/(\int[mu]_t (rexp (linear_form x v t) * linear_form x (V i) t ^+ 2)).
rewrite square_mean -[Pmean mu (fun t => rexp _ * linear_form x (V i) t)]/(\int[mu]_t (rexp (linear_form x v t) * linear_form x (V i) t)).
rewrite (exp_linear_mean mu1 mx x_finite) -[Pmean mu (fun t => rexp _)]/(mass mu x v).
set A := \sum_k \sum_l _; set M := \sum_k _; set Z := mass mu x v.
by rewrite -/c [RHS]mulrDr -spread_square !mul1r [Z * (A + _)]mulrDr -!addrA.
Qed.

Theorem deviation_second_moment v :
  \sum_(i < m) \int[mu]_t (rexp (linear_form x v t) * f i t ^+ 2) = mass mu x v * output_spread v.
Proof. by rewrite spreadE mulr_sumr; apply: eq_bigr => i _; exact: one_coordinate. Qed.

Let weight_square t : w t ^+ 2 = rexp (linear_form x (fun k => 2%:R * a k) t).
Proof. by rewrite linear_form_scale mulr_natl mulr2n rexpD expr2. Qed.
Let weight_inverse t : (w t)^-1 = rexp (linear_form x (fun k => -1 * a k) t).
Proof. by rewrite linear_form_scale mulN1r -[RHS]/(Rtrigo_def.exp (Ropp _)) exp_Ropp RinvE'. Qed.

Lemma weight_square_integrable : Pint mu (fun t => w t ^+ 2).
Proof. by apply: Pint_ext (Iexp (fun k => 2%:R * a k)) => t; rewrite weight_square. Qed.

Lemma weight_inverse_integrable : Pint mu (fun t => (w t)^-1).
Proof. by apply: Pint_ext (Iexp (fun k => -1 * a k)) => t; rewrite weight_inverse. Qed.

Theorem known_law_rho : tilted_rho mu w = mass mu x (fun k => 2%:R * a k) / mass mu x a ^+ 2.
Proof. by rewrite /tilted_rho (funext weight_square). Qed.

Theorem known_law_kappa : tilted_kappa mu w = mass mu x a * mass mu x (fun k => -1 * a k).
Proof. by rewrite /tilted_kappa (funext weight_inverse). Qed.

Lemma weighted_deviation_integrable i : Pint mu (fun t => (w t * f i t) ^+ 2).
Proof.
by apply: Pint_ext (deviation_square_integrable (fun k => 2%:R * a k) i) => t; rewrite exprMn weight_square.
Qed.

Let zero : 'I_d -> RR := fun=> 0.
Let linear_form_zero t : rexp (linear_form x zero t) = 1.
Proof. by rewrite /linear_form big1 => [|k _]; rewrite ?mul0r// -[LHS]/(Rtrigo_def.exp 0) exp_0. Qed.

Lemma deviation_integrable i : Pint mu (fun t => f i t ^+ 2).
Proof. by apply: Pint_ext (deviation_square_integrable zero i) => t; rewrite linear_form_zero mul1r. Qed.

Theorem known_law_A2 : (\sum_(i < m) \int[mu]_t ((w t * f i t) ^+ 2)) / (\int[mu]_t w t) ^+ 2 =
  tilted_rho mu w * output_spread (fun k => 2%:R * a k).
Proof.
rewrite known_law_rho mulrAC -deviation_second_moment; congr (_ / _); apply: eq_bigr => i _.
by congr Rintegral; apply/funext => t; rewrite exprMn weight_square.
Qed.

Theorem known_law_F0 : \sum_(i < m) \int[mu]_t (f i t ^+ 2) = output_spread (fun=> 0).
Proof.
have Z1 : mass mu x zero = 1.
  by rewrite /mass (funext linear_form_zero) (Pmean_const mu1).
rewrite -[RHS]mul1r -{1}Z1 -deviation_second_moment; apply: eq_bigr => i _.
by congr Rintegral; apply/funext => t; rewrite linear_form_zero mul1r.
Qed.

(* E[w f] = 0 *)
Theorem deviation_centred i : \int[mu]_t (w t * f i t) = 0.
Proof.
have [J F] := mean_lin 1 (- population mu x V a i) (exp_linear_integrable mu1 mx x_finite a (V i)) (Iexp a).
rewrite -[LHS]/(Pmean mu (fun t => w t * f i t)).
have EQ t : 1 * (rexp (linear_form x a t) * linear_form x (V i) t) + - population mu x V a i * rexp (linear_form x a t)
    = w t * f i t by rewrite mul1r mulNr [population mu x V a i * _]mulrC -mulrBr.
rewrite -(funext EQ) F mul1r -[Pmean mu (fun t => _ * linear_form x (V i) t)]/(\int[mu]_t (rexp (linear_form x a t) * linear_form x (V i) t)).
rewrite (exp_linear_mean mu1 mx x_finite) -[Pmean mu _]/(mass mu x a) mulNr [population _ _ _ _ _ * _]mulrC.
exact: subrr.
Qed.
End KnownLaw.
