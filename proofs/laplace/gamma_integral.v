(* Inverse powers as integrals over the half-line, under an expectation.

     half_line                 the open half-line of positive numbers
     half_line_integral        a continuous f >= 0 on the half-line with primitive F has
                               the integral F(+oo) - F(0)
     initial_integral          its integral over (0, b] is F(b) - F(0)
     gamma_integral            1/W^{k+1} = INT_0^oo t^k/k! e^{-tW} dt for W > 0
     gamma_tonelli             E[N/W^{k+1}] = INT_0^oo t^k/k! E[N e^{-tW}] dt for
                               measurable N >= 0 and W > 0, under any probability measure
     domain_tonelli            the same with a measurable part D of the half-line *)
From Coq Require Import Reals.
From mathcomp Require Import all_ssreflect ssralg ssrnum ssrint interval finmap.
From mathcomp.classical Require Import mathcomp_extra boolp classical_sets functions cardinality fsbigop.
From mathcomp.analysis Require Import signed reals Rstruct ereal topology normedtype sequences esum measure lebesgue_measure numfun lebesgue_integral.
From AttentionBounds.foundation Require Import integration probability_measure lebesgue_line.
From AttentionBounds.laplace Require inverse_power half_line_primitive.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Def Num.Theory.
Local Open Scope classical_set_scope.
Local Open Scope ring_scope.

Definition half_line : set RR := [set` `]0, +oo[ ].

Lemma measurable_half_line : measurable half_line.
Proof. exact: measurable_itv. Qed.

Lemma half_lineP (t : RR) : half_line t = (0 < t) :> Prop.
Proof. by rewrite /half_line /= in_itv /= andbT. Qed.

Lemma sigma_finite_line : sigma_finite setT lebesgue_line.
Proof.
exists (fun n : nat => `]- n%:R, n%:R]%classic : set RR).
  rewrite predeqE => x; split => // _.
  exists (absz (ceil (normr x))).+1 => //=; rewrite in_itv/=.
  have : `|x| < (absz (ceil (normr x))).+1%:R.
    apply: (@le_lt_trans _ _ (absz (ceil (normr x)))%:R); last by rewrite ltr_nat.
    by rewrite natr_absz [X in X%:~R]ger0_norm ?ceil_ge0// ceil_ge.
  by rewrite ltr_norml => /andP[-> /ltW ->].
move=> n; split; first exact: measurable_itv.
by rewrite lebesgue_interval ?ltey// (@le_trans _ _ 0)// oppr_le0.
Qed.

Section HalfLineIntegral.
Variables (f F : RR -> RR).
Hypothesis fc : forall x : R, Ranalysis1.continuity_pt f x.
Hypothesis f0 : forall x, 0 <= x -> 0 <= f x.
Hypothesis Fd : forall x : R, derivable_pt_lim F x (f x).
Variable lb : RR.
Hypothesis Fp : (fun n : nat => F n%:R) --> lb.

Let g : RR -> RR := half_line_primitive.continued f.
Let G : RR -> RR := half_line_primitive.continued_primitive f F.

Let gE x : 0 <= x -> g x = f x.
Proof. by move=> /RleP x0; rewrite /g /half_line_primitive.continued Rmax_right. Qed.
Let GE x : 0 <= x -> G x = F x.
Proof.
move=> /RleP x0; rewrite /G /half_line_primitive.continued_primitive Rmax_right// Rmin_left//.
by rewrite Rmult_0_r Rplus_0_r.
Qed.
Let g0 x : 0 <= g x.
Proof.
rewrite /g /half_line_primitive.continued; apply: f0; apply/RleP; exact: Rmax_l.
Qed.

(* the integral over (0, b] *)
Lemma initial_integral (b : RR) : 0 <= b ->
  (\int[lebesgue_line]_(x in [set` `]0, b]%R]) (f x)%:E = (F b - F 0)%:E)%E.
Proof.
have gc := half_line_primitive.continued_continuous f fc.
have Gd := half_line_primitive.continued_derivable f F Fd.
move=> b0; rewrite -!GE// -(@integral_interval g G gc g0 Gd 0 b b0).
by apply: eq_integral => x; rewrite inE /= in_itv /= => /andP[x0 _]; rewrite gE// ltW.
Qed.

Theorem half_line_integral : (\int[lebesgue_line]_(x in half_line) (f x)%:E = (lb - F 0)%:E)%E.
Proof.
have gc := half_line_primitive.continued_continuous f fc.
have Gd := half_line_primitive.continued_derivable f F Fd.
pose D (n : nat) : set RR := `]0, n%:R]%classic.
pose gn (n : nat) : RR -> \bar RR := (EFin \o g) \_ (D n).
have mD n : measurable (D n) by exact: measurable_itv.
transitivity (\int[lebesgue_line]_(x in half_line) (g x)%:E)%E.
  by apply: eq_integral => x; rewrite inE half_lineP => x0; rewrite gE// ltW.
rewrite integral_mkcond.
transitivity (lim (fun n => \int[lebesgue_line]_x (gn n x))%E).
  rewrite -monotone_convergence//.
  - apply: eq_integral => x _; apply/esym/cvg_lim => //; apply: cvg_near_cst.
    exists (absz (ceil (normr x))).+1 => // n /= xn; rewrite /gn /patch.
    have : `|x| < n%:R.
      apply: (@le_lt_trans _ _ (absz (ceil (normr x)))%:R); last by rewrite ltr_nat.
      by rewrite natr_absz [X in X%:~R]ger0_norm ?ceil_ge0// ceil_ge.
    rewrite ltr_norml => /andP[_ /ltW xn'].
    have -> : (x \in D n) = (x \in half_line); last by [].
    by apply/idP/idP; rewrite !inE half_lineP /D /= in_itv /= xn' andbT.
  - move=> n; apply: (measurable_restrict (EFin \o g) (mD n) measurableT _).1 => //.
    exact: measurable_Ef.
  - by move=> n x _; rewrite /gn /patch; case: ifP => // _; rewrite lee_fin.
  - move=> x _ m n mn; rewrite /gn /patch; case: ifPn => [|_]; last first.
      by case: ifP => // _; rewrite lee_fin.
    rewrite inE /D /= in_itv/= => /andP[h1 h2]; rewrite ifT//.
    by rewrite inE /= in_itv/= h1 (le_trans h2)// ler_nat.
have gnE n : (\int[lebesgue_line]_x (gn n x) = (F n%:R - F 0)%:E)%E.
  by rewrite /gn -integral_mkcond (@integral_interval g G gc g0 Gd)// !GE.
under eq_fun do rewrite gnE.
apply/cvg_lim => //; apply: cvg_EFin; first exact: nearW.
by apply: (@cvgB _ [normedModType RR of RR^o]) => //; exact: cvg_cst.
Qed.
End HalfLineIntegral.

(* t^k/k! on the half-line *)
Lemma fact_gt0' k : 0 < (k`!)%:R :> RR.
Proof. by rewrite ltr0n fact_gt0. Qed.

Lemma measurable_power (k : nat) : measurable_fun setT (fun x : RR => x ^+ k).
Proof.
elim: k => [|k IH]; first by rewrite (_ : (fun _ => _) = cst 1) //; exact: measurable_fun_cst.
rewrite (_ : (fun x : RR => x ^+ k.+1) = id \* (fun x => x ^+ k)).
  by apply: measurable_funM => //; exact: measurable_fun_id.
by apply/funext => x; rewrite exprS.
Qed.

Lemma factE k : INR (Factorial.fact k) = (k`!)%:R :> RR.
Proof. by rewrite INRE; congr _%:R; elim: k => //= k IH; rewrite factS -IH mulSn. Qed.

Theorem gamma_integral (k : nat) (W : RR) : 0 < W ->
  (\int[lebesgue_line]_(t in half_line) (t ^+ k / (k`!)%:R * rexp (- t * W))%:E = ((W ^+ k.+1)^-1)%:E)%E.
Proof.
move=> /RltP W0.
pose F (t : RR) : RR := Ropp (inverse_power.inverse_power_tail k.+1 t W).
pose f (t : RR) : RR := Rdiv (Rmult (Rtrigo_def.exp (Rmult (Ropp t) W)) (pow t k)) (INR (Factorial.fact k)).
have fE t : t ^+ k / (k`!)%:R * rexp (- t * W) = f t.
  by rewrite /f RdivE' factE !RmultE RpowE RoppE mulrC mulrA.
under eq_integral do rewrite fE.
rewrite (@half_line_integral f F _ _ _ 0).
- rewrite /F inverse_power.inverse_power_tail_0//; last exact/ssrnat.ltP.
  by rewrite RinvE' RpowE RoppE opprK add0r.
- by move=> x; rewrite /f; reg; exact: INR_fact_neq_0.
- move=> x x0; rewrite -fE mulr_ge0 ?divr_ge0 ?exprn_ge0//; exact/ltW/rexp_gt0.
- move=> x; rewrite -[f x]opprK; apply: derivable_pt_lim_opp.
  exact: inverse_power.inverse_power_tail_derivative.
apply/(@cvgrPdist_lt _ [normedModType RR of RR^o]) => e e0.
have [C [/RleP C0 HC]] := half_line_primitive.inverse_power_tail_vanishes k.+1 W W0.
have Ce : 0 <= C / e by rewrite divr_ge0// ltW.
exists (absz (ceil (C / e))).+1 => // n /= Cn.
have Cn' : C / e < n%:R.
  apply: (@le_lt_trans _ _ (absz (ceil (C / e)))%:R); last by rewrite ltr_nat.
  by rewrite natr_absz [X in X%:~R]ger0_norm ?ceil_ge0// ceil_ge.
have n0 : 0 < n%:R :> RR by exact: le_lt_trans Ce Cn'.
rewrite sub0r normrN /F RoppE normrN ger0_norm.
  apply: (@le_lt_trans _ _ (C / n%:R)).
    by rewrite -RdivE'; apply/RleP/HC; exact/RltP.
  by rewrite ltr_pdivr_mulr// mulrC -ltr_pdivr_mulr.
by apply/RleP/inverse_power.inverse_power_tail_ge0 => //; apply/RleP; exact: ltW.
Qed.

(* ---- under an expectation ---- *)

Section GammaTonelli.
Context d (Om : measurableType d) (P : {measure set Om -> \bar RR}).
Hypothesis P1 : P setT = 1%E.
Variables (N W : Om -> RR) (k : nat).
Hypothesis mN : measurable_fun setT N.
Hypothesis N0 : forall o, 0 <= N o.
Hypothesis mW : measurable_fun setT W.
Hypothesis W0 : forall o, 0 < W o.

Section Domain.
Variable D : set RR.
Hypothesis mD : measurable D.
Hypothesis D0 : D `<=` half_line.

Let kernel (t : RR) : RR := t ^+ k / (k`!)%:R * \1_D t.
Let kernel0 t : 0 <= kernel t.
Proof.
rewrite /kernel indicE; have [|_] := boolP (t \in D); last by rewrite mulr0.
rewrite inE => /D0; rewrite half_lineP mulr1 => t0.
by rewrite divr_ge0 ?exprn_ge0 ?ler0n ?(ltW t0).
Qed.
Let mkernel : measurable_fun setT kernel.
Proof.
apply: measurable_funM; last by apply: measurable_fun_indic.
by apply: measurable_funM; [exact: measurable_power|exact: measurable_fun_cst].
Qed.

Let integrand (z : Om * RR) : RR := kernel z.2 * (N z.1 * rexp (- z.2 * W z.1)).
Let m1 : measurable_fun setT (fst : Om * RR -> Om).
Proof. exact: ((prod_measurable_funP id).1 (@measurable_fun_id _ _ _)).1. Qed.
Let m2 : measurable_fun setT (snd : Om * RR -> RR).
Proof. exact: ((prod_measurable_funP id).1 (@measurable_fun_id _ _ _)).2. Qed.
Let mintegrand : measurable_fun setT integrand.
Proof.
apply: measurable_funM; first exact: (measurable_fun_comp mkernel m2).
apply: measurable_funM; first exact: (measurable_fun_comp mN m1).
apply: (measurable_fun_comp measurable_fun_exp).
apply: measurable_funM; last exact: (measurable_fun_comp mW m1).
exact: (measurable_funN m2).
Qed.
Let integrand0 z : 0 <= integrand z.
Proof. by rewrite mulr_ge0// mulr_ge0//; exact/ltW/rexp_gt0. Qed.

Let onE (h : RR -> \bar RR) :
  (\int[lebesgue_line]_(t in D) ((t ^+ k / (k`!)%:R)%:E * h t) =
   \int[lebesgue_line]_t ((kernel t)%:E * h t))%E.
Proof.
rewrite integral_mkcond; apply: eq_integral => t _.
rewrite /kernel /patch indicE; case: (t \in D); first by rewrite mulr1.
by rewrite mulr0 mul0e.
Qed.

Lemma domain_tonelli :
  (\int[P]_o ((N o)%:E * \int[lebesgue_line]_(t in D) (t ^+ k / (k`!)%:R * rexp (- t * W o))%:E) =
   \int[lebesgue_line]_(t in D) ((t ^+ k / (k`!)%:R)%:E * \int[P]_o (N o * rexp (- t * W o))%:E))%E.
Proof.
have mexp o : measurable_fun setT (fun t : RR => (kernel t * rexp (- t * W o))%:E).
  apply/EFin_measurable_fun/measurable_funM => //.
  apply: (measurable_fun_comp measurable_fun_exp); apply: measurable_funM; last exact: measurable_fun_cst.
  exact: (measurable_funN (@measurable_fun_id _ _ _)).
transitivity (\int[P]_o \int[lebesgue_line]_t (integrand (o, t))%:E)%E.
  apply: eq_integral => o _.
  rewrite (eq_integral (fun t : RR => (t ^+ k / (k`!)%:R)%:E * (rexp (- t * W o))%:E)%E); last by move=> t _; rewrite EFinM.
  rewrite onE -ge0_integralM//.
  - by apply: eq_integral => t _; rewrite /integrand -!EFinM mulrCA.
  - by under eq_fun do rewrite -EFinM; exact: mexp.
  - by move=> t _; rewrite -EFinM lee_fin mulr_ge0//; exact/ltW/rexp_gt0.
  - by rewrite lee_fin.
have sP := probability_sigma_finite P1.
rewrite onE.
have mI : measurable_fun setT (EFin \o integrand) by exact/EFin_measurable_fun.
have I0 z : (0 <= (EFin \o integrand) z)%E by rewrite /= lee_fin.
transitivity (\int[lebesgue_line]_t \int[P]_o (integrand (o, t))%:E)%E.
  by rewrite -(fubini_tonelli1 sigma_finite_line _ mI I0) (fubini_tonelli2 sP _ _ mI I0).
apply: eq_integral => t _; rewrite -ge0_integralM//.
- apply/EFin_measurable_fun/measurable_funM => //.
  by apply: (measurable_fun_comp measurable_fun_exp); exact: measurable_funrM.
- by move=> o _; rewrite lee_fin mulr_ge0//; exact/ltW/rexp_gt0.
- by rewrite lee_fin.
Qed.

(* the integral over t is that of a measurable function *)
Lemma measurable_domain_mean :
  measurable_fun D (fun t => (t ^+ k / (k`!)%:R)%:E * \int[P]_o (N o * rexp (- t * W o))%:E)%E.
Proof.
have sP := probability_sigma_finite P1.
have mI : measurable_fun setT (EFin \o integrand) by exact/EFin_measurable_fun.
have I0 z : (0 <= (EFin \o integrand) z)%E by rewrite /= lee_fin.
have mG := measurable_fun_fubini_tonelli_G sP _ mI I0.
have mG' : measurable_fun D (fubini_G P (EFin \o integrand)).
  by apply: measurable_funS mG.
apply: eq_measurable_fun mG' => t; rewrite inE => tD.
have t0 : 0 < t by have := D0 tD; rewrite half_lineP.
rewrite /fubini_G /= -ge0_integralM//.
- by apply: eq_integral => o _; rewrite /integrand /kernel indicE mem_set// mulr1 EFinM.
- apply/EFin_measurable_fun/measurable_funM => //.
  by apply: (measurable_fun_comp measurable_fun_exp); exact: measurable_funrM.
- by move=> o _; rewrite lee_fin mulr_ge0//; exact/ltW/rexp_gt0.
- by rewrite lee_fin divr_ge0 ?exprn_ge0 ?ler0n ?(ltW t0).
Qed.
End Domain.

Theorem gamma_tonelli :
  (\int[P]_o (N o / W o ^+ k.+1)%:E =
   \int[lebesgue_line]_(t in half_line) ((t ^+ k / (k`!)%:R)%:E * \int[P]_o (N o * rexp (- t * W o))%:E))%E.
Proof.
rewrite -(domain_tonelli measurable_half_line)//; apply: eq_integral => o _.
by rewrite EFinM -(gamma_integral k (W0 o)).
Qed.

Lemma measurable_gamma_mean :
  measurable_fun half_line (fun t => (t ^+ k / (k`!)%:R)%:E * \int[P]_o (N o * rexp (- t * W o))%:E)%E.
Proof. exact: (measurable_domain_mean measurable_half_line). Qed.
End GammaTonelli.
